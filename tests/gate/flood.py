"""A flood of sessions and events against a small page of Gradio: `python -m tests.gate.flood` prints what is left.

A process of its own, because Gradio leaves event loops behind in the one that it runs in.
"""

import json
import warnings
from typing import Any

import fastapi
import gradio as gr
import httpx

from gate.memory import bound
from tests.gate.test_serving import served

warnings.simplefilter("ignore")


def join(client: httpx.Client, session: str) -> int:
    """The status of one more event of a session."""
    body = {"data": [], "fn_index": 0, "session_hash": session}
    return client.post("/gradio_api/queue/join", json=body).status_code


def completed(client: httpx.Client, session: str) -> int:
    """How many answers a session gets to read."""
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as lines:
        messages = [json.loads(line[6:]) for line in lines.iter_lines() if line.startswith("data: ")]
    return len([message for message in messages if message["msg"] == "process_completed"])


def main() -> None:
    """Flood it, and print as JSON what Gradio holds then and what a visitor gets."""
    with gr.Blocks(analytics_enabled=False) as blocks:
        text = gr.Textbox()
        gr.Button().click(lambda: "x" * 100_000, None, text, api_visibility="private", concurrency_limit=None)
    bound(blocks, sessions=5, events=60)
    application = gr.mount_gradio_app(fastapi.FastAPI(openapi_url=None), blocks, path="", ssr_mode=False)
    queue = blocks._queue
    most = 0
    with served(application) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        greedy = [join(client, "greedy") for _ in range(70)]
        others = []
        for number in range(200):
            others.append(join(client, f"session{number}"))
            most = max(most, sum(map(len, queue.pending_event_ids_session.values())))
        found: dict[str, Any] = {
            "greedy": greedy,
            "others": others,
            "most": most,
            "messages": len(queue.pending_messages_per_session),
            "sessions with events": len(queue.pending_event_ids_session),
            "states": len(blocks.state_holder.session_data),
            "analytics": len(queue.event_analytics),
            "visitor": [join(client, "visitor"), completed(client, "visitor")],
            "last": completed(client, "session199"),
        }
        reader: list[int] = []
        found["reader"] = reader
        for _ in range(4):
            reader.append([join(client, "reader") for _ in range(20)].count(200))
            reader.append(completed(client, "reader"))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
