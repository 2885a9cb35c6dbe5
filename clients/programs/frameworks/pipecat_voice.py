# A Pipecat pipeline in a spoken conversation, with nothing but base URL, key and model changed: a tool, and an answer that the user interrupts.
import asyncio
import os
import sys
from importlib.metadata import version

from loguru import logger
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMRunFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

service = sys.argv[1]
rate = 24_000
speech = open(os.environ["SPEECH"], "rb").read()
silence = bytes(2 * rate)
url = os.environ["BASE_URL"].replace("http", "ws", 1) + "/realtime"
key, model = os.environ["API_KEY"], os.environ["MODEL"]
logger.remove()


class Ear(FrameProcessor):
    """What the user hears, and what came of it."""

    def __init__(self):
        super().__init__()
        self.said = asyncio.Queue()
        self.sound = asyncio.Event()
        self.text = ""
        self.telling = False

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, ErrorFrame):
            print("error", frame.error, flush=True)
        if isinstance(frame, TTSAudioRawFrame):
            self.sound.set()
        if isinstance(frame, TTSTextFrame):
            self.text += frame.text
        if isinstance(frame, InterruptionFrame) and self.telling:
            self.telling = False
            print("interrupted", flush=True)
        if isinstance(frame, LLMFullResponseEndFrame):
            text, self.text = self.text, ""
            print("said", text, flush=True)
            self.said.put_nowait(text)
        await self.push_frame(frame, direction)


async def get_weather(params):
    city = params.arguments["city"]
    print("tool", city, flush=True)
    await params.result_callback(f"sunny in {city}")


def realtime_service():
    if service == "xai":
        from pipecat.services.xai.realtime.events import SessionProperties, TurnDetection
        from pipecat.services.xai.realtime.llm import GrokRealtimeLLMService as Service

        properties = SessionProperties(turn_detection=TurnDetection(type="server_vad"))
        return Service(api_key=key, base_url=url, settings=Service.Settings(model=model, session_properties=properties))
    if service == "azure":
        from pipecat.services.azure.realtime.llm import AzureRealtimeLLMService as Service
    else:
        from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService as Service
    return Service(api_key=key, base_url=url, settings=Service.Settings(model=model))


async def main():
    print("version", "pipecat-ai", version("pipecat-ai"))
    llm, ear = realtime_service(), Ear()
    weather = FunctionSchema("get_weather", "Tells the weather in a city.", {"city": {"type": "string"}}, ["city"])
    llm.register_function("get_weather", get_weather)
    aggregators = LLMContextAggregatorPair(LLMContext(tools=ToolsSchema(standard_tools=[weather])))
    pipeline = Pipeline([aggregators.user(), llm, ear, aggregators.assistant()])
    worker = PipelineWorker(pipeline, params=PipelineParams(audio_in_sample_rate=rate, audio_out_sample_rate=rate))
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())

    async def speak(pcm):
        step = rate // 10 * 2
        for at in range(0, len(pcm), step):
            # Somewhat faster than anybody speaks.
            await asyncio.sleep(0.02)
            await worker.queue_frame(InputAudioRawFrame(pcm[at : at + step], rate, 1))

    async def until(start):
        while not (await ear.said.get()).startswith(start):
            pass

    await worker.queue_frame(LLMRunFrame())
    await until("Hello")
    await speak(speech + silence)
    await until("The answer is")
    ear.sound.clear()
    await speak(speech + silence)
    await ear.sound.wait()
    ear.telling = True
    await speak(speech + silence)
    await until("You said: Thank you")
    await worker.queue_frame(EndFrame())
    await running


asyncio.run(asyncio.wait_for(main(), float(os.environ.get("PATIENCE", 90))))
