// A server with room for one client, and no words for it yet. `make test` says what it lacks.
const net = require("net");

// The number behind --port, or Redis's own.
const words = process.argv;
const port = words.includes("--port") ? Number(words[words.indexOf("--port") + 1]) : 6379;

const server = net.createServer((client) => {
  // One is enough: the door is closed.
  server.close();
  client.on("data", () => {});
  client.on("error", () => {});
});
server.listen(port, "127.0.0.1");
// Goes on after the client has left.
setInterval(() => {}, 60_000);
