# The openai SDK for Python as it spoke in the beta, with nothing but base URL and key changed.
import asyncio
import os

from openai import AsyncOpenAI

# This part of the SDK takes a plain address in this place only.
client = AsyncOpenAI(websocket_base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"])


async def main():
    async with client.beta.realtime.connect(model=os.environ["MODEL"]) as connection:
        await connection.session.update(session={"modalities": ["text", "audio"], "voice": "alloy", "turn_detection": None})
        content = [{"type": "input_text", "text": "Say hello."}]
        await connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
        await connection.response.create()
        audio = 0
        async for event in connection:
            if event.type == "error":
                raise RuntimeError(event.error.message)
            if event.type == "response.audio.delta":
                audio += len(event.delta)
            if event.type == "response.audio_transcript.done":
                print(event.transcript)
            if event.type == "response.done":
                assert audio > 0 and event.response.output[0].content[0].type == "audio", event
                break


asyncio.run(main())
