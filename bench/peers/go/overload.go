// overload.go: Go's net/http with a handler that takes its time, at most so many of them at once.
//
// As one writes it: a buffered channel is the semaphore, and a request whose client has gone does
// not wait on. How many may wait is not limited: net/http has no such limit.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: overload WORKERS MICROSECONDS")
	}
	workers, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	service, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	slots := make(chan struct{}, workers)
	body := []byte("Hello, world\n")
	handler := func(w http.ResponseWriter, r *http.Request) {
		select {
		case slots <- struct{}{}:
		case <-r.Context().Done():
			return
		}
		defer func() { <-slots }()
		time.Sleep(time.Duration(service) * time.Microsecond)
		w.Header().Set("Content-Type", "text/plain")
		w.Write(body)
	}
	fmt.Printf("listening url=http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, http.HandlerFunc(handler)))
}
