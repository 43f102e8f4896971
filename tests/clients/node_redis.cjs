// node-redis on Redstart: connecting, both protocols, strings, deadlines, pipelines, scanning, errors.
const assert = require("node:assert");

let library;
try {
  library = require("redis");
} catch {
  process.exit(77);
}

async function main(protocol) {
  const client = library.createClient({ socket: { port: Number(process.argv[2]) }, RESP: protocol });
  client.on("error", (error) => { throw error; });
  await client.connect();
  await client.flushAll();
  assert.strictEqual(await client.set("name", "Redstart"), "OK");
  assert.strictEqual(await client.get("name"), "Redstart");
  assert.strictEqual(await client.get("missing"), null);
  assert.strictEqual(await client.set("name", "x", { NX: true }), null);
  assert.strictEqual(await client.incrBy("n", 42), 42);
  // Sent in one go: the library pipelines what is asked in one tick.
  const all = await Promise.all(Array.from({ length: 500 }, (_, n) => client.set(`p:${n}`, `${n}`)));
  assert.ok(all.every((reply) => reply === "OK"));
  const seen = new Set();
  for await (const keys of client.scanIterator({ MATCH: "p:*", COUNT: 50 })) {
    for (const key of Array.isArray(keys) ? keys : [keys]) seen.add(key);
  }
  assert.strictEqual(seen.size, 500);
  assert.deepStrictEqual(await client.mGet(["name", "missing"]), ["Redstart", null]);
  assert.ok((await client.info()).includes("redis_version"));
  await assert.rejects(client.sendCommand(["NOSUCH"]), /unknown command/);
  await assert.rejects(client.incr("name"), /not an integer/);
  await client.quit();
}

main(2).then(() => main(3)).then(() => console.log("all good"), (error) => {
  console.error(error);
  process.exit(1);
});
