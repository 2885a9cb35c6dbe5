# The openai SDK for Python, with nothing but base URL and key changed.
import asyncio
import os

from openai import AsyncOpenAI

client = AsyncOpenAI(base_url=os.environ["BASE_URL"], api_key=os.environ["API_KEY"])


async def main():
    async with client.realtime.connect(model=os.environ["MODEL"]) as connection:
        content = [{"type": "input_text", "text": "Say hello."}]
        await connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
        await connection.response.create()
        async for event in connection:
            if event.type == "error":
                raise RuntimeError(event.error.message)
            if event.type == "response.output_audio_transcript.done":
                print(event.transcript)
            if event.type == "response.done":
                break


asyncio.run(main())
