# A Python client as LiteLLM's page on Grok voice has it: OpenAI's beta header, and the names of the events that came after the beta.
import asyncio
import base64
import json
import os

import websockets

headers = {"Authorization": f"Bearer {os.environ['API_KEY']}", "OpenAI-Beta": "realtime=v1"}


async def main():
    audio = 0
    words = ""
    async with websockets.connect(os.environ["URL"], additional_headers=headers) as socket:
        content = [{"type": "input_text", "text": "Say hello."}]
        await socket.send(json.dumps({"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}}))
        await socket.send(json.dumps({"type": "response.create"}))
        async for message in socket:
            event = json.loads(message)
            if event["type"] == "response.output_audio.delta":
                audio += len(base64.b64decode(event["delta"]))
            elif event["type"] == "response.output_audio_transcript.delta":
                words += event["delta"]
            elif event["type"] == "error":
                raise RuntimeError(event["error"]["message"])
            elif event["type"] == "response.done":
                break
    print("audio", audio)
    print("said", words)


asyncio.run(main())
