// token.go: Go's context for the token bench; see crowd.h for the parts.
//
// A look is ctx.Err(). Goroutines, not threads, wait for it.
package main

import (
	"context"
	"fmt"
	"log"
	"math/rand"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	slices    = 50 // the fastest counts
	checks    = 100000
	creations = 10000
	settle    = 20 * time.Millisecond
)

func say(name string, took time.Duration, count int) {
	fmt.Printf("%s %d\n", name, int64(float64(took.Nanoseconds())*1000/float64(count)))
}

func bestOf(slice func()) time.Duration {
	best := time.Hour
	for i := 0; i < slices; i++ {
		begun := time.Now()
		slice()
		if took := time.Since(begun); took < best {
			best = took
		}
	}
	return best
}

func check(depth int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for i := 0; i < depth; i++ {
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
	}
	say("check", bestOf(func() {
		for i := 0; i < checks && ctx.Err() == nil; i++ {
		}
	}), checks)
}

func create() {
	parent, stop := context.WithCancel(context.Background())
	defer stop()
	say("create", bestOf(func() {
		for i := 0; i < creations; i++ {
			_, cancel := context.WithCancel(parent)
			cancel()
		}
	}), creations)
}

func children(count int) {
	parent, stop := context.WithCancel(context.Background())
	cancels := make([]context.CancelFunc, count)
	for i := range cancels {
		_, cancels[i] = context.WithCancel(parent)
	}
	begun := time.Now()
	stop()
	say("trip", time.Since(begun), 1)
	for _, cancel := range cancels {
		cancel()
	}
}

func waiters(count int) {
	ctx, cancel := context.WithCancel(context.Background())
	awake := make([]time.Time, count)
	var here atomic.Int64
	var over sync.WaitGroup
	over.Add(count)
	for i := 0; i < count; i++ {
		go func(i int) {
			defer over.Done()
			here.Add(1)
			<-ctx.Done()
			awake[i] = time.Now()
		}(i)
	}
	for here.Load() < int64(count) {
		runtime.Gosched()
	}
	time.Sleep(settle)
	begun := time.Now()
	cancel()
	over.Wait()
	last := begun
	for _, at := range awake {
		if at.After(last) {
			last = at
		}
	}
	say("wake", last.Sub(begun), 1)
}

func residentBytes() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		log.Fatal(err)
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		log.Fatal(err)
	}
	return resident * int64(os.Getpagesize())
}

// A context's deadline cannot be moved: that part is left out.
func deadlines(count int) {
	base := time.Now()
	random := rand.New(rand.NewSource(1))
	runtime.GC()
	before := residentBytes()
	contexts := make([]context.Context, count)
	cancels := make([]context.CancelFunc, count)
	begun := time.Now()
	for i := range cancels {
		when := base.Add(time.Hour + time.Duration(random.Int63n(int64(time.Hour))))
		contexts[i], cancels[i] = context.WithDeadline(context.Background(), when)
	}
	say("arm", time.Since(begun), count)
	fmt.Printf("memory %d\n", (residentBytes()-before)/int64(count))
	begun = time.Now()
	for _, cancel := range cancels {
		cancel()
	}
	say("disarm", time.Since(begun), count)
	runtime.KeepAlive(contexts)
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: token PART N")
	}
	n, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	switch os.Args[1] {
	case "check":
		check(n)
	case "create":
		create()
	case "children":
		children(n)
	case "waiters":
		waiters(n)
	case "deadlines":
		deadlines(n)
	}
}
