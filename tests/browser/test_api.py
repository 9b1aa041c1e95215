"""The board for programs: Gradio's API and MCP, through their real clients."""

import asyncio
import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from gradio_client import Client
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from tests.browser.running import RunningApp

PUBLIC = {"/leaderboard", "/model", "/compare", "/tasks"}


@pytest.fixture(scope="module")
def client(app: RunningApp) -> Client:
    return Client(app.url, verbose=False)


def test_four_endpoints_are_public_and_nothing_else(app: RunningApp) -> None:
    with urllib.request.urlopen(f"{app.url}gradio_api/info") as answer:
        info = json.load(answer)
    assert set(info["named_endpoints"]) == PUBLIC
    assert info["unnamed_endpoints"] == {}


def test_the_endpoints_answer_what_the_page_shows(client: Client) -> None:
    assert client.predict("sts", "published", api_name="/leaderboard")[0]["name"] == "upskyy/bge-m3-korean"
    model = client.predict("nlpai-lab/KURE-v1", api_name="/model")
    assert [result["origin"] for result in model["results"]] == ["published", "imported"]
    compared = client.predict("nlpai-lab/KURE-v1,BAAI/bge-m3", api_name="/compare")
    assert compared["rows"][-1]["column"] == "Average"
    assert len(client.predict(api_name="/tasks")) == 9


def test_a_wrong_question_gets_a_sentence(client: Client) -> None:
    with pytest.raises(Exception, match="not on the board"):
        client.predict("no/body", api_name="/model")


def test_a_browser_without_brotli_and_one_that_has_the_file_are_served(app: RunningApp) -> None:
    with urllib.request.urlopen(f"{app.url}board/board.json") as answer:
        data, tag = json.load(answer), answer.headers["etag"]
    assert "KURE-v1" in json.dumps(data)
    request = urllib.request.Request(f"{app.url}board/board.json", headers={"If-None-Match": tag})
    with pytest.raises(urllib.error.HTTPError) as told:
        urllib.request.urlopen(request)
    assert told.value.code == 304
    told.value.close()


def test_files_outside_are_not_served(app: RunningApp) -> None:
    for path in ("board/../settings.py", "board/..%2fsettings.py", "board/nothing.js", "board/api/nothing"):
        with pytest.raises(urllib.error.HTTPError) as told:
            urllib.request.urlopen(app.url + path)
        assert told.value.code == 404
        told.value.close()


def test_the_mcp_tools_are_the_four_endpoints(app: RunningApp) -> None:
    async def ask() -> tuple[set[str], str]:
        async with (
            streamable_http_client(f"{app.url}gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = (await session.list_tools()).tools
            answer = await session.call_tool("leaderboard", {"view": "sts", "origins": "published"})
            return {tool.name for tool in tools}, answer.content[0].text  # type: ignore[union-attr]

    with ThreadPoolExecutor(1) as beside:  # Playwright's own loop may run in this thread
        names, text = beside.submit(lambda: asyncio.run(ask())).result()
    assert names == {name.strip("/") for name in PUBLIC}
    assert "upskyy/bge-m3-korean" in text
