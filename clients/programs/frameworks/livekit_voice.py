# A LiveKit agent in a spoken conversation, with nothing but base URL, key and model changed: a tool, and an answer that the user interrupts.
import asyncio
import os
import sys
from importlib.metadata import version

from livekit import rtc
from livekit.agents import Agent, AgentSession, function_tool
from livekit.agents.voice import io

plugin = sys.argv[1]
rate = 24_000
speech = open(os.environ["SPEECH"], "rb").read()
silence = bytes(2 * rate)


class Microphone(io.AudioInput):
    def __init__(self):
        super().__init__(label="microphone")
        self.frames = asyncio.Queue()

    async def __anext__(self):
        # Somewhat faster than anybody speaks.
        await asyncio.sleep(0.02)
        return await self.frames.get()

    def hear(self, pcm):
        step = rate // 10 * 2
        for at in range(0, len(pcm), step):
            piece = pcm[at : at + step]
            self.frames.put_nowait(rtc.AudioFrame(piece, rate, 1, len(piece) // 2))


class Speaker(io.AudioOutput):
    def __init__(self):
        super().__init__(label="speaker", capabilities=io.AudioOutputCapabilities(pause=False), sample_rate=rate)
        self.played = 0.0
        self.playing = None
        self.began = asyncio.Event()

    async def capture_frame(self, frame):
        await super().capture_frame(frame)
        if self.played == 0:
            self.on_playback_started(created_at=0)
        self.played += frame.duration
        self.began.set()

    def flush(self):
        super().flush()
        # Somewhat faster than anybody listens.
        self.playing = asyncio.get_running_loop().call_later(self.played / 4, self.end, False)

    def clear_buffer(self):
        if self.playing is not None:
            self.playing.cancel()
        if self.played > 0:
            print("interrupted", flush=True)
        self.end(True)

    def end(self, interrupted):
        self.playing = None
        if self.played > 0:
            played, self.played = self.played, 0.0
            self.on_playback_finished(playback_position=played, interrupted=interrupted)


@function_tool
async def get_weather(city: str) -> str:
    """Tells the weather in a city."""
    print("tool", city, flush=True)
    return f"sunny in {city}"


def realtime_model():
    options = {"base_url": os.environ["BASE_URL"], "api_key": os.environ["API_KEY"], "model": os.environ["MODEL"]}
    if plugin == "xai":
        from livekit.plugins import xai

        return xai.realtime.RealtimeModel(**options)
    from livekit.plugins import openai

    return openai.realtime.RealtimeModel(**options)


async def main():
    print("version", f"livekit-plugins-{plugin}", version(f"livekit-plugins-{plugin}"))
    session = AgentSession(llm=realtime_model(), aec_warmup_duration=None)
    microphone, speaker = Microphone(), Speaker()
    session.input.audio, session.output.audio = microphone, speaker
    said = asyncio.Queue()

    @session.on("conversation_item_added")
    def added(event):
        text = getattr(event.item, "text_content", None)
        if text:
            print("said" if event.item.role == "assistant" else "heard", text, flush=True)
            said.put_nowait((event.item.role, text))

    @session.on("error")
    def failed(event):
        print("error", event.error, flush=True)

    async def until(role, start):
        while True:
            who, text = await said.get()
            if who == role and text.startswith(start):
                return

    await session.start(Agent(instructions="Be brief.", tools=[get_weather]))
    microphone.hear(speech + silence)
    await until("assistant", "The answer is")
    speaker.began.clear()
    microphone.hear(speech + silence)
    await speaker.began.wait()
    microphone.hear(speech + silence)
    await until("assistant", "You said: Thank you")
    await session.aclose()


asyncio.run(asyncio.wait_for(main(), float(os.environ.get("PATIENCE", 90))))
