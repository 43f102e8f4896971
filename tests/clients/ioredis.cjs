// ioredis on Redstart: its ready check, strings, deadlines, pipelines, scanning, errors.
const assert = require("node:assert");

let Redis;
try {
  Redis = require("ioredis");
} catch {
  process.exit(77);
}

async function main() {
  const client = new Redis({ port: Number(process.argv[2]), connectionName: "suite" });
  await client.flushall();
  assert.strictEqual(await client.set("name", "Redstart", "PX", 60000), "OK");
  assert.strictEqual(await client.get("name"), "Redstart");
  assert.strictEqual(await client.get("missing"), null);
  assert.ok((await client.pttl("name")) > 0);
  assert.strictEqual(await client.client("GETNAME"), "suite");
  const pipeline = client.pipeline();
  for (let n = 0; n < 500; n++) pipeline.set(`p:${n}`, n);
  const results = await pipeline.exec();
  assert.ok(results.every(([error, reply]) => error === null && reply === "OK"));
  const seen = new Set();
  for await (const keys of client.scanStream({ match: "p:*", count: 50 })) {
    keys.forEach((key) => seen.add(key));
  }
  assert.strictEqual(seen.size, 500);
  await assert.rejects(client.call("NOSUCH"), /unknown command/);
  client.disconnect();
}

main().then(() => console.log("all good"), (error) => {
  console.error(error);
  process.exit(1);
});
