"""NTREX, from Korean to English: 1,997 sentences of news and their translations."""

from evaluator.task import DataSource, Facts, Task

TASK = Task(
    id="NTREXBitextMining",
    column="NTREX ko-en",
    kind="bitext_mining",
    type="BitextMining",
    data=DataSource(
        path="mteb/NTREXBitextMining",
        splits=("test",),
        revision="66b8b27efc99658903127730575e9fa0cb9f075c",
    ),
    mteb_subset="kor_Hang-eng_Latn",
    fields={"text1": "kor_Hang", "text2": "eng_Latn"},
    facts=Facts(
        licence="cc-by-sa-4.0",
        written="parallel",
        citation="Federmann et al. 2022, NTREX-128, https://aclanthology.org/2022.sumeval-1.4",
        note="English news sentences, translated into Korean by professionals.",
        note_ko="영어 뉴스 문장을 전문 번역가가 한국어로 옮겼습니다.",
    ),
    known_as=("NTREX", "NTREX-128"),
)
