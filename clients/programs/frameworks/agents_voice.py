# OpenAI's agents SDK for Python in a spoken conversation, with nothing but URL and key changed: a tool, and an answer that the user interrupts.
import asyncio
import os
from importlib.metadata import version

from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunner

rate = 24_000
speech = open(os.environ["SPEECH"], "rb").read()
silence = bytes(2 * rate)
url = os.environ["BASE_URL"].replace("http", "ws", 1) + "/realtime?model=" + os.environ["MODEL"]


@function_tool
def get_weather(city: str) -> str:
    """Tells the weather in a city."""
    print("tool", city, flush=True)
    return f"sunny in {city}"


async def main():
    print("version", "openai-agents", version("openai-agents"))
    runner = RealtimeRunner(RealtimeAgent(name="Greeter", instructions="Be brief.", tools=[get_weather]))
    said, sound = asyncio.Queue(), asyncio.Event()

    async with await runner.run(model_config={"url": url, "api_key": os.environ["API_KEY"]}) as session:

        async def listen():
            async for event in session:
                if event.type == "error":
                    print("error", event.error, flush=True)
                if event.type == "audio":
                    sound.set()
                if event.type == "audio_interrupted":
                    print("interrupted", flush=True)
                if event.type == "raw_model_event" and event.data.type == "raw_server_event":
                    data = event.data.data
                    if data["type"] == "response.output_audio_transcript.done":
                        print("said", data["transcript"], flush=True)
                        said.put_nowait(data["transcript"])

        async def speak(pcm):
            step = rate // 10 * 2
            for at in range(0, len(pcm), step):
                # Somewhat faster than anybody speaks.
                await asyncio.sleep(0.02)
                await session.send_audio(pcm[at : at + step])

        async def until(start):
            while not (await said.get()).startswith(start):
                pass

        listening = asyncio.create_task(listen())
        await speak(speech + silence)
        await until("The answer is")
        sound.clear()
        await speak(speech + silence)
        await sound.wait()
        await speak(speech + silence)
        await until("You said: Thank you")
        listening.cancel()


asyncio.run(asyncio.wait_for(main(), float(os.environ.get("PATIENCE", 90))))
