// trip.go: many handlers blocked on their context, and one cancel for them all.
//
// The same conversation as weir_trip.c. The context of every request descends from one
// base context; cancelling that is Go's nearest to tripping all tokens. Shutdown follows
// at once, as Weir's cancel is a stop too.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"unsafe"
)

// monotonic is CLOCK_MONOTONIC as other processes read it; the time package keeps its own
// to itself.
func monotonic() int64 {
	var now syscall.Timespec
	const clockMonotonic = 1
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic,
		uintptr(unsafe.Pointer(&now)), 0); errno != 0 {
		log.Fatal(errno)
	}
	return now.Nano()
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: trip HANDLERS")
	}
	handlers, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	base, cancel := context.WithCancel(context.Background())
	entered := make(chan struct{}, handlers)
	server := &http.Server{
		BaseContext: func(net.Listener) context.Context { return base },
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			entered <- struct{}{}
			<-r.Context().Done()
			w.Header().Set("Retry-After", "1")
			http.Error(w, "stopping", http.StatusServiceUnavailable)
		}),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Printf("listening url=http://%s\n", listener.Addr())
	for i := 0; i < handlers; i++ {
		<-entered
	}
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		log.Fatal(err)
	}
	tripped := monotonic()
	cancel()
	err = server.Shutdown(context.Background())
	fmt.Printf("tripped %d\n", tripped)
	if err != nil {
		log.Fatal(err)
	}
	if err := <-served; err != http.ErrServerClosed {
		log.Fatal(err)
	}
}
