"""openai-python, as it comes from PyPI, against every service of the emulator."""

import asyncio
import base64
import struct
import urllib.error
import urllib.request

import openai
import pytest
from emulator import KEY, emulate
from openai import AsyncOpenAI, AzureOpenAI, OpenAI

PROMPT = "a heron at dawn"
# Where the client's base URL leads, by service.
BASES = {
    "azure-v1": "/openai/v1",
    "fastapi": "/v1",
    "fastapi-2026": "/v1",
    "hicap-v1": "/v1",
    "openai": "/v1",
    "truefoundry": "/api/llm",
    "truefoundry-gateway": "",
}
ALL = [*BASES, "azure", "hicap"]
AZURE = ["azure", "azure-v1"]
# OpenAI and Azure do not run DALL-E any more.
KEEP_UP = ["openai", *AZURE]
LINKS = [service for service in ALL if service not in KEEP_UP]
# What Azure's deployments are called here; the emulator is told which models they serve.
DEPLOYMENTS = {"dall-e-3": "old", "gpt-image-2": "draw"}
# The documents of these know no streams.
STREAMS = [service for service in ALL if service not in {"fastapi", "hicap"}]


def client(service, emulator, key=KEY, **settings):
    settings.setdefault("max_retries", 0)
    if service == "azure":
        return AzureOpenAI(azure_endpoint=emulator.origin, api_version="2025-04-01-preview", api_key=key, **settings)
    if service == "hicap":
        base = f"{emulator.origin}/v1/deployments/dalle"
        return AzureOpenAI(base_url=base, api_version="2025-01-01-preview", api_key=key, **settings)
    return OpenAI(base_url=emulator.origin + BASES[service], api_key=key, **settings)


def named(service, model):
    """Hicap's deployment is in the address and decides the model, and Azure's have names of their own."""
    return {} if service == "hicap" else {"model": DEPLOYMENTS[model] if service in AZURE else model}


def small(service):
    return {"prompt": PROMPT, "size": "1024x1024", **named(service, "gpt-image-2" if service in KEEP_UP else "dall-e-3")}


def picture(data):
    """Width and height of a PNG."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", data[16:24])


@pytest.fixture
def ask(request, emulators):
    """The service under test: its name, its emulator, and a client of it."""
    service = request.param
    emulator = emulators(service)
    return service, emulator, client(service, emulator)


def each(services):
    return pytest.mark.parametrize("ask", services, indirect=True, ids=services)


@each(LINKS)
def test_a_link_leads_to_a_picture(ask):
    service, emulator, api = ask
    before = emulator.images()
    answer = api.images.generate(prompt=PROMPT, size="1024x1792", response_format="url", **named(service, "dall-e-3"))
    assert emulator.images() == before + 1
    assert answer.created > 1_700_000_000 and len(answer.data) == 1
    assert answer.data[0].b64_json is None and answer.data[0].revised_prompt
    assert answer.data[0].url.startswith(emulator.origin + "/images/")
    with urllib.request.urlopen(answer.data[0].url) as download:
        assert download.headers["content-type"] == "image/png"
        assert picture(download.read()) == (1024, 1792)


@each(LINKS)
def test_base64_holds_the_picture_behind_the_link(ask):
    service, _, api = ask
    request = {"prompt": PROMPT, "size": "1024x1024", **named(service, "dall-e-3")}
    inline = api.images.generate(response_format="b64_json", **request).data[0]
    assert inline.url is None
    link = api.images.generate(response_format="url", **request).data[0]
    with urllib.request.urlopen(link.url) as download:
        assert download.read() == base64.b64decode(inline.b64_json, validate=True)


@each([service for service in ALL if service != "hicap"])
def test_gpt_models_answer_with_base64(ask):
    service, _, api = ask
    answer = api.images.generate(prompt=PROMPT, size="1536x1024", n=2, **named(service, "gpt-image-2"))
    first, second = (base64.b64decode(image.b64_json, validate=True) for image in answer.data)
    assert picture(first) == picture(second) == (1536, 1024) and first != second
    if answer.usage:
        assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens


@each(STREAMS)
def test_a_stream_shows_unfinished_pictures_first(ask):
    service, _, api = ask
    request = {"prompt": PROMPT, "size": "1024x1024", **named(service, "gpt-image-2")}
    events = list(api.images.generate(stream=True, partial_images=2, **request))
    kinds = [event.type for event in events]
    assert kinds == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert [event.partial_image_index for event in events[:2]] == [0, 1]
    assert events[2].usage.output_tokens > 0
    assert all(picture(base64.b64decode(event.b64_json)) == (1024, 1024) for event in events)
    assert events[2].b64_json == api.images.generate(**request).data[0].b64_json


@each(KEEP_UP)
def test_a_retired_model_is_refused(ask):
    service, emulator, api = ask
    before = emulator.images()
    with pytest.raises(openai.BadRequestError) as refused:
        api.images.generate(prompt=PROMPT, **named(service, "dall-e-3"))
    # A deployment in the address is no parameter.
    assert refused.value.param == (None if service == "azure" else "model")
    assert refused.value.code == "invalid_value" and emulator.images() == before
    assert "Invalid value: 'dall-e-3'. Supported values are: " in refused.value.message


@each(ALL)
def test_a_size_that_does_not_exist_is_refused(ask):
    service, emulator, api = ask
    before = emulator.images()
    with pytest.raises(openai.BadRequestError) as refused:
        api.images.generate(**{**small(service), "size": "10x10"})
    assert refused.value.param == "size" and refused.value.code == "invalid_value"
    assert "Invalid value: '10x10'." in refused.value.message
    assert refused.value.status_code == 400 and emulator.images() == before


@each(ALL)
def test_an_unknown_parameter_is_refused(ask):
    service, _, api = ask
    with pytest.raises(openai.BadRequestError) as refused:
        api.images.generate(**small(service), extra_body={"seed": 7})
    assert "Unknown parameter: 'seed'." in refused.value.message
    assert refused.value.code == "unknown_parameter"


@pytest.mark.parametrize("service", ALL)
def test_a_wrong_key_is_refused(service, monkeypatch):
    monkeypatch.setenv("EMULATED_KEY", "right")
    with emulate("--dialect", service, "--api-key-env", "EMULATED_KEY") as emulator:
        with pytest.raises(openai.AuthenticationError) as refused:
            client(service, emulator, key="wrong").images.generate(**small(service))
        assert "API key" in refused.value.message or "subscription key" in refused.value.message
        assert client(service, emulator, key="right").images.generate(**small(service)).data


@each(ALL)
def test_a_rate_limit_says_when_to_come_back(ask):
    service, emulator, api = ask
    emulator.next("rate-limit", retry_after=7)
    with pytest.raises(openai.RateLimitError) as refused:
        api.images.generate(**small(service))
    assert refused.value.response.headers["retry-after"] == "7"


@each(ALL)
def test_a_client_that_comes_back_is_billed_once(ask):
    service, emulator, _ = ask
    before = emulator.images()
    emulator.next("rate-limit", retry_after=0.01, form="milliseconds")
    assert client(service, emulator, max_retries=1).images.generate(**small(service)).data
    assert emulator.images() == before + 1


@each(ALL)
def test_the_content_filter_says_what_it_saw(ask):
    service, emulator, api = ask
    emulator.next("prompt-block", category="violence")
    with pytest.raises(openai.BadRequestError) as refused:
        api.images.generate(**small(service))
    error = refused.value
    if service == "hicap":
        assert error.code == "content_policy_violation"
        assert error.body["inner_error"]["content_filter_results"]["violence"]["filtered"] is True
    elif service in KEEP_UP:
        assert error.code == "moderation_blocked" and error.body["moderation_details"]["categories"] == ["violence"]
    else:
        assert error.code == "content_policy_violation"


@each(ALL)
def test_failures_of_the_service_are_told(ask):
    service, emulator, api = ask
    for status, kind in [(500, openai.InternalServerError), (503, openai.InternalServerError), (409, openai.ConflictError)]:
        emulator.next("status", status=status)
        with pytest.raises(kind):
            api.images.generate(**small(service))
    emulator.next("reset")
    with pytest.raises(openai.APIConnectionError):
        api.images.generate(**small(service))


@pytest.mark.parametrize("service", ["fastapi", "openai"])
def test_many_at_a_time(service, emulators):
    emulator = emulators(service)

    async def run():
        async with AsyncOpenAI(base_url=emulator.origin + BASES[service], api_key=KEY, max_retries=0) as api:
            return await asyncio.gather(*(api.images.generate(**small(service)) for _ in range(20)))

    before = emulator.images()
    answers = asyncio.run(run())
    assert all(len(answer.data) == 1 for answer in answers) and emulator.images() == before + 20


def test_a_link_expires():
    with emulate("--url-ttl", "0") as emulator:
        link = client("fastapi", emulator).images.generate(prompt=PROMPT).data[0].url
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(link)
        assert refused.value.code == 403 and b"AuthenticationFailed" in refused.value.read()
