// openai-node, used as its documentation shows. Arguments and report as in src/lib.rs.
import fs from "node:fs";
import { createRequire } from "node:module";

const { default: OpenAI } = await import(createRequire(process.env.BENCH_MODULES + "/")
  .resolve("openai"));

const [base, mode, calls, atOnce, folder] = process.argv.slice(2);
const wanted = { model: "gpt-image-1", prompt: "a corgi in a field" };
const client = new OpenAI({ baseURL: base, apiKey: "sk-benchmark" });
const now = () => Number(process.hrtime.bigint());
const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) * 1000; };
let first = 0;

const save = (number, at, payload) => {
  const image = Buffer.from(payload, "base64");
  if (mode !== "memory") fs.writeFileSync(`${folder}/${number}-${at}.png`, image);
};

async function call(number) {
  if (mode === "events") {
    let at = 0;
    for await (const event of await client.images.generate({ ...wanted, stream: true, partial_images: 3 })) {
      save(number, at++, event.b64_json);
      first ||= now() - begin;
    }
  } else {
    (await client.images.generate(wanted)).data.forEach((image, at) => save(number, at, image.b64_json));
  }
}

const begin = now(), begun = cpu();
await Promise.all(Array.from({ length: Number(atOnce) }, async (_, worker) => {
  for (let number = worker; number < Number(calls); number += Number(atOnce)) await call(number);
}));
const end = now(), spent = cpu() - begun;
const peak = Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync("/proc/self/status", "utf8"))[1]);
console.log(JSON.stringify({ begin, end, cpu: spent, first, peak }));
