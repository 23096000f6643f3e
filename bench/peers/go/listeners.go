// listeners.go: net/http with a listener that is opened and closed by Server.Shutdown, the way
// that loses the least; see listeners.h.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
)

func open(round int) (net.Listener, string, error) {
	if len(os.Args) > 1 {
		path := fmt.Sprintf("%s/%d", os.Args[1], round)
		listener, err := net.Listen("unix", path)
		return listener, path, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	return listener, fmt.Sprint(listener.Addr().(*net.TCPAddr).Port), nil
}

func main() {
	input := bufio.NewReader(os.Stdin)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "Hello, world\n")
	})
	for round := 0; ; round++ {
		listener, name, err := open(round)
		if err != nil {
			log.Fatal(err)
		}
		server := &http.Server{Handler: handler}
		go server.Serve(listener)
		fmt.Printf("listening %s\n", name)
		if _, err := input.ReadString('\n'); err != nil {
			return
		}
		if err := server.Shutdown(context.Background()); err != nil {
			log.Fatal(err)
		}
		fmt.Println("closed")
	}
}
