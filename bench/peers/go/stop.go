// stop.go: how long after the last handler's end does a stop return, in Go?
//
// The same as weir_stop.c: one server a run, one request, Server.Shutdown while its
// handler works, and the time from the handler's last line to Shutdown's return.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

func ask(address string, answered chan<- error) {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		answered <- err
		return
	}
	defer connection.Close()
	if _, err := io.WriteString(connection, "GET /work HTTP/1.1\r\nHost: bench\r\n\r\n"); err != nil {
		answered <- err
		return
	}
	answer, err := io.ReadAll(connection)
	if err == nil && (len(answer) < 13 || string(answer[:13]) != "HTTP/1.1 200 ") {
		err = fmt.Errorf("not a 200: %.40q", answer)
	}
	answered <- err
}

func oneRun(hold time.Duration) (time.Duration, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	entered := make(chan struct{})
	stopping := make(chan struct{})
	ended := make(chan time.Time, 1)
	answered := make(chan error, 1)
	served := make(chan error, 1)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-stopping
		time.Sleep(hold)
		io.WriteString(w, "done\n")
		ended <- time.Now()
	})}
	go func() { served <- server.Serve(listener) }()
	go ask(listener.Addr().String(), answered)
	select {
	case <-entered:
	case err := <-answered:
		return 0, fmt.Errorf("no handler ran: %v", err)
	}
	// Shutdown gives no sign of having begun: the handler is let go at the call.
	close(stopping)
	err = server.Shutdown(context.Background())
	returned := time.Now()
	if err != nil {
		return 0, err
	}
	if err := <-answered; err != nil {
		return 0, err
	}
	if err := <-served; err != http.ErrServerClosed {
		return 0, err
	}
	return returned.Sub(<-ended), nil
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: stop RUNS MILLISECONDS FIRST")
	}
	runs, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	holdMax, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	first, err := strconv.Atoi(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	for i := 0; i < runs; i++ {
		part := float64(first+i+1) * 0.6180339887498949
		part -= math.Floor(part)
		sample, err := oneRun(time.Duration(part * float64(holdMax) * float64(time.Millisecond)))
		if err != nil {
			log.Fatalf("run %d: %v", i, err)
		}
		fmt.Printf("sample %d\n", sample.Nanoseconds())
	}
}
