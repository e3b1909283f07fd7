// openai-node, as it comes from npm, against every service of the emulator.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import OpenAI, { AzureOpenAI } from "openai";

import { Emulator } from "./emulator.js";

const prompt = "a heron at dawn";
const apiKey = "k";
// Where the client's base URL leads, by service.
const bases = {
  "azure-v1": "/openai/v1",
  fastapi: "/v1",
  "fastapi-2026": "/v1",
  "hicap-v1": "/v1",
  openai: "/v1",
  truefoundry: "/api/llm",
  "truefoundry-gateway": "",
};
const azure = ["azure", "azure-v1"];
// OpenAI and Azure do not run DALL-E any more.
const unlinked = ["openai", ...azure];
// Azure's deployments have names of their own; these say which model each serves.
const names = { "dall-e-3": "old", "gpt-image-2": "draw" };
const deployments = Object.entries(names).map(([model, name]) => `--deployment=${name}=${model}`);
// The documents of these know no streams.
const unstreamed = ["fastapi", "hicap"];

function client(service, { origin }, settings = {}) {
  const options = { apiKey, maxRetries: 0, ...settings };
  if (service === "azure") {
    return new AzureOpenAI({ endpoint: origin, apiVersion: "2025-04-01-preview", ...options });
  }
  if (service === "hicap") {
    const baseURL = `${origin}/v1/deployments/dalle`;
    return new AzureOpenAI({ baseURL, apiVersion: "2025-01-01-preview", ...options });
  }
  return new OpenAI({ baseURL: origin + bases[service], ...options });
}

/** Width and height of a PNG. */
function picture(bytes) {
  assert.equal(bytes.subarray(0, 8).toString("latin1"), "\x89PNG\r\n\x1a\n");
  return [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
}

async function download(url) {
  const answer = await fetch(url);
  assert.equal(answer.headers.get("content-type"), "image/png");
  return Buffer.from(await answer.arrayBuffer());
}

const decoded = (image) => Buffer.from(image.b64_json, "base64");

for (const service of [...Object.keys(bases), "azure", "hicap"]) {
  describe(service, () => {
    let emulator, api;
    // Hicap's deployment is in the address and decides the model.
    const called = (model) => (azure.includes(service) ? names[model] : model);
    const named = (model) => (service === "hicap" ? {} : { model: called(model) });
    const small = {
      prompt,
      size: "1024x1024",
      ...named(unlinked.includes(service) ? "gpt-image-2" : "dall-e-3"),
    };

    before(async () => {
      emulator = await Emulator.start("--dialect", service, ...deployments);
      api = client(service, emulator);
    });
    after(() => emulator.stop());

    test("a link leads to a picture", { skip: unlinked.includes(service) }, async () => {
      const billed = await emulator.images();
      const request = { ...small, size: "1024x1792", response_format: "url" };
      const answer = await api.images.generate(request);
      assert.equal(await emulator.images(), billed + 1);
      const [image] = answer.data;
      assert.ok(image.url.startsWith(`${emulator.origin}/images/`) && !image.b64_json);
      const bytes = await download(image.url);
      assert.deepEqual(picture(bytes), [1024, 1792]);
      const inline = await api.images.generate({ ...request, response_format: "b64_json" });
      assert.deepEqual(decoded(inline.data[0]), bytes);
    });

    test("GPT models answer with base64", { skip: service === "hicap" }, async () => {
      const answer = await api.images.generate({ ...small, ...named("gpt-image-2"), n: 2 });
      const [first, second] = answer.data.map(decoded);
      assert.deepEqual(picture(first), [1024, 1024]);
      assert.notDeepEqual(first, second);
    });

    test("a stream shows unfinished pictures first", { skip: unstreamed.includes(service) }, async () => {
      const request = { ...small, ...named("gpt-image-2") };
      const stream = await api.images.generate({ ...request, stream: true, partial_images: 2 });
      const events = await Array.fromAsync(stream);
      const partial = "image_generation.partial_image";
      const kinds = [partial, partial, "image_generation.completed"];
      assert.deepEqual(events.map((event) => event.type), kinds);
      assert.ok(events[2].usage.output_tokens > 0);
      for (const event of events) assert.deepEqual(picture(decoded(event)), [1024, 1024]);
      const whole = await api.images.generate(request);
      assert.equal(events[2].b64_json, whole.data[0].b64_json);
    });

    test("a size that does not exist is refused", async () => {
      await assert.rejects(api.images.generate({ ...small, size: "10x10" }), (error) => {
        assert.ok(error instanceof OpenAI.BadRequestError);
        assert.match(error.message, /Invalid value: '10x10'\./);
        assert.equal(error.param, "size");
        return true;
      });
    });

    test("an unknown parameter is refused", async () => {
      await assert.rejects(api.images.generate({ ...small, seed: 7 }), {
        status: 400,
        code: "unknown_parameter",
        message: /Unknown parameter: 'seed'\./,
      });
    });

    test("a wrong key is refused", async () => {
      process.env.EMULATED_KEY = "right";
      const locked = await Emulator.start("--dialect", service, "--api-key-env", "EMULATED_KEY");
      try {
        const stranger = client(service, locked, { apiKey: "wrong" });
        await assert.rejects(stranger.images.generate(small), OpenAI.AuthenticationError);
        const friend = client(service, locked, { apiKey: "right" });
        assert.equal((await friend.images.generate(small)).data.length, 1);
      } finally {
        // It would keep the tests from ending.
        await locked.stop();
      }
    });

    test("a rate limit says when to come back", async () => {
      await emulator.next("rate-limit", { retry_after: 7 });
      await assert.rejects(api.images.generate(small), (error) => {
        assert.ok(error instanceof OpenAI.RateLimitError);
        assert.equal(error.headers.get("retry-after"), "7");
        return true;
      });
    });

    test("a client that comes back is billed once", async () => {
      const billed = await emulator.images();
      await emulator.next("rate-limit", { retry_after: 0.01, form: "milliseconds" });
      const answer = await client(service, emulator, { maxRetries: 1 }).images.generate(small);
      assert.equal(answer.data.length, 1);
      assert.equal(await emulator.images(), billed + 1);
    });

    test("the content filter says what it saw", async () => {
      await emulator.next("prompt-block", { category: "violence" });
      const code = unlinked.includes(service) ? "moderation_blocked" : "content_policy_violation";
      await assert.rejects(api.images.generate(small), { status: 400, code });
    });

    test("failures of the service are told", async () => {
      await emulator.next("status", { status: 503 });
      await assert.rejects(api.images.generate(small), OpenAI.InternalServerError);
      await emulator.next("reset");
      await assert.rejects(api.images.generate(small), OpenAI.APIConnectionError);
    });
  });
}
