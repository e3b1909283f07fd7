"""openai-python, used as its documentation shows. Arguments and report as in src/lib.rs."""

import asyncio
import base64
import json
import pathlib
import resource
import sys
import time

import openai

base, mode, calls, at_once, folder = sys.argv[1:]
calls, at_once, folder = int(calls), int(at_once), pathlib.Path(folder)
wanted = {"model": "gpt-image-1", "prompt": "a corgi in a field"}
first = 0


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return int((usage.ru_utime + usage.ru_stime) * 1e9)


def save(number, at, payload):
    image = base64.b64decode(payload)
    if mode != "memory":
        (folder / f"{number}-{at}.png").write_bytes(image)


def one(client):
    global first
    if mode == "events":
        stream = client.images.generate(**wanted, stream=True, partial_images=3)
        for at, event in enumerate(stream):
            save(0, at, event.b64_json)
            first = first or time.monotonic_ns() - begin
    else:
        for at, image in enumerate(client.images.generate(**wanted).data):
            save(0, at, image.b64_json)


async def many(client):
    async def worker(first_number):
        for number in range(first_number, calls, at_once):
            answer = await client.images.generate(**wanted)
            for at, image in enumerate(answer.data):
                save(number, at, image.b64_json)

    await asyncio.gather(*(worker(number) for number in range(at_once)))


make = openai.OpenAI if calls == 1 else openai.AsyncOpenAI
client = make(base_url=base, api_key="sk-benchmark")
begin, begun = time.monotonic_ns(), cpu()
if calls == 1:
    one(client)
else:
    asyncio.run(many(client))
end, spent = time.monotonic_ns(), cpu() - begun
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"begin": begin, "end": end, "cpu": spent, "first": first, "peak": peak}))
