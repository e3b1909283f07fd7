// Runs `imagewire emulate` for tests.

import { spawn } from "node:child_process";
import { once } from "node:events";

export class Emulator {
  constructor(origin, process) {
    this.origin = origin;
    this.process = process;
  }

  static async start(...args) {
    const command = ["emulate", "--listen", "127.0.0.1:0", "--admin", ...args];
    const process = spawn("imagewire", command, { stdio: ["ignore", "pipe", "ignore"] });
    const [line] = await once(process.stdout.setEncoding("utf8"), "data");
    return new Emulator(line.replace("listening on ", "").trim(), process);
  }

  /** How many images would have been billed. */
  async images() {
    return (await (await fetch(`${this.origin}/_emulator/ledger`)).json()).images;
  }

  /** Says what happens to the next request. */
  async next(kind, settings = {}) {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ kind, ...settings });
    await fetch(`${this.origin}/_emulator/scenarios`, { method: "POST", headers, body });
  }

  async stop() {
    this.process.kill();
    await once(this.process, "exit");
  }
}
