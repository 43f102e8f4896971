// A server with room for one client, and no words for it yet. `make test` says what it lacks.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"time"
)

func main() {
	port := flag.Int("port", 6379, "where to listen")
	flag.String("dir", ".", "where files go")
	flag.Parse()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	listener.Accept()
	// One is enough: the door is closed.
	listener.Close()
	time.Sleep(24 * time.Hour)
}
