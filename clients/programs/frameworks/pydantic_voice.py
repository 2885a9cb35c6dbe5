# A Pydantic AI agent in a spoken conversation, with nothing but base URL, key and model changed: a tool, and an answer that the user interrupts.
import asyncio
import os
import sys
from importlib.metadata import version

from pydantic_ai import Agent
from pydantic_ai.messages import RealtimeInputSpeechStartEvent, RealtimeSessionErrorEvent

rate = 24_000
speech = open(os.environ["SPEECH"], "rb").read()
silence = bytes(2 * rate)
agent = Agent(instructions="Be brief.")


@agent.tool_plain
def get_weather(city: str) -> str:
    """Tells the weather in a city."""
    print("tool", city, flush=True)
    return f"sunny in {city}"


def realtime_model():
    if sys.argv[1] == "xai":
        from pydantic_ai.providers.xai import XaiProvider
        from pydantic_ai.realtime.xai import XaiRealtimeModel

        class GatewayProvider(XaiProvider):
            # It takes no address, but asks for this one.
            base_url = os.environ["BASE_URL"]

        return XaiRealtimeModel(os.environ["MODEL"], provider=GatewayProvider(api_key=os.environ["API_KEY"]))
    from pydantic_ai.providers.openai import OpenAIProvider
    from pydantic_ai.realtime.openai import OpenAIRealtimeModel

    provider = OpenAIProvider(base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"])
    return OpenAIRealtimeModel(os.environ["MODEL"], provider=provider)


async def main():
    print("version", "pydantic-ai", version("pydantic-ai-slim"))
    said, sound = asyncio.Queue(), asyncio.Event()

    async with agent.realtime(realtime_model()).session() as session:

        async def watch():
            async for event in session:
                if isinstance(event, RealtimeSessionErrorEvent):
                    print("error", event, flush=True)
                if isinstance(event, RealtimeInputSpeechStartEvent) and sound.is_set():
                    print("interrupted", flush=True)
                    await session.interrupt()

        async def hear():
            async for _ in session.stream_audio():
                sound.set()

        async def read():
            async for part in session.stream_transcripts():
                if part.speaker == "assistant":
                    print("said", part.transcript, flush=True)
                    said.put_nowait(part.transcript or "")

        async def speak(pcm):
            step = rate // 10 * 2
            for at in range(0, len(pcm), step):
                # Somewhat faster than anybody speaks.
                await asyncio.sleep(0.02)
                await session.send_audio(pcm[at : at + step])

        async def until(start):
            while not (await said.get()).startswith(start):
                pass

        tasks = [asyncio.create_task(each()) for each in (watch, hear, read)]
        await speak(speech + silence)
        await until("The answer is")
        await session.wait_for_reply()
        sound.clear()
        await speak(speech + silence)
        await sound.wait()
        await speak(speech + silence)
        await until("You said: Thank you")
        for task in tasks:
            task.cancel()


asyncio.run(asyncio.wait_for(main(), float(os.environ.get("PATIENCE", 90))))
