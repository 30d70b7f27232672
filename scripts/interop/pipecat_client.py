"""One scene of a Pipecat pipeline against the brain; the last line of output is JSON: what was heard and called."""

import asyncio
import json
import sys

from loguru import logger
from pipecat.adapters.schemas.function_schema import FunctionSchema
from pipecat.adapters.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import InterruptionFrame, LLMContextFrame, LLMTextFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.tests.utils import SleepFrame, run_test

WEATHER = FunctionSchema(
    name="weather",
    description="Weather of a city",
    properties={"city": {"type": "string"}},
    required=["city"],
)


async def main(url: str, key: str, scene: str) -> None:
    calls = []

    async def weather(params):
        calls.append(dict(params.arguments))
        await params.result_callback("sunny")

    llm = OpenAILLMService(api_key=key, base_url=url, settings=OpenAILLMService.Settings(model="m-1"))
    llm.register_function("weather", weather)
    messages = [
        {"role": "system", "content": "You are Nova."},
        {"role": "user", "content": "Which car does Anna drive?"},
    ]
    tools = {"tools": ToolsSchema(standard_tools=[WEATHER])} if scene == "tool" else {}
    frames = [LLMContextFrame(LLMContext(messages, **tools)), SleepFrame(sleep=1.0)]
    if scene == "interrupt":
        frames += [InterruptionFrame(), SleepFrame(sleep=0.5)]
    down, _ = await run_test(llm, frames_to_send=frames)
    text = "".join(frame.text for frame in down if isinstance(frame, LLMTextFrame))
    print(json.dumps({"text": text, "calls": calls}))


logger.remove()
asyncio.run(main(*sys.argv[1:4]))
