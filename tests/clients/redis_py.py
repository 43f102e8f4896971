"""redis-py on Redstart: connecting, both protocols, strings, deadlines, pipelines, scanning, errors."""

import sys
import time

try:
    import redis
except ImportError:
    sys.exit(77)

port = int(sys.argv[1])
for protocol in (2, 3):
    client = redis.Redis(port=port, protocol=protocol, decode_responses=True, client_name="suite")
    assert client.flushall()
    assert client.ping()
    assert client.set("name", "Redstart") and client.get("name") == "Redstart"
    assert client.set("name", "other", nx=True) is None
    assert client.get("missing") is None
    assert client.set("short", "life", px=60) and 0 < client.pttl("short") <= 60
    assert client.incr("n") == 1 and client.incrby("n", 41) == 42
    assert client.incrbyfloat("f", 1.5) == 1.5
    assert client.mset({"a": "1", "b": "2"}) and client.mget("a", "b", "c") == ["1", "2", None]
    assert client.append("name", "!") == 9 and client.strlen("name") == 9
    assert client.delete("a", "b", "c") == 2
    assert client.type("name") == "string" and client.exists("name", "n") == 2
    with client.pipeline(transaction=False) as pipe:
        for number in range(500):
            pipe.set(f"p:{number}", number)
        assert all(pipe.execute())
    assert len(set(client.scan_iter(match="p:*", count=50))) == 500
    assert client.client_getname() == "suite" and client.client_id() > 0
    assert any(entry["name"] == "suite" for entry in client.client_list())
    assert client.config_get("maxclients") == {"maxclients": "10000"}
    assert client.config_set("timeout", 0)
    info = client.info()
    assert info["role"] == "master" and info["db0"]["keys"] >= 500
    assert client.info("commandstats")["cmdstat_set"]["calls"] > 0
    assert client.object("encoding", "n") == "int"
    assert client.time()[0] > 1_600_000_000
    assert client.command_count() > 50
    assert "get" in client.command()
    assert client.memory_usage("name") > 0
    assert client.expire("name", 100) and 0 < client.ttl("name") <= 100
    assert client.persist("name") and client.ttl("name") == -1
    try:
        client.execute_command("NOSUCH")
        raise SystemExit("an unknown command must be an error")
    except redis.ResponseError as error:
        assert "unknown command" in str(error)
    time.sleep(0.08)
    assert client.get("short") is None
    other = redis.Redis(port=port, db=3, protocol=protocol, decode_responses=True)
    assert other.dbsize() == 0 and other.set("elsewhere", 1) and client.exists("elsewhere") == 0
    assert other.flushdb() and other.dbsize() == 0
print("all good")
