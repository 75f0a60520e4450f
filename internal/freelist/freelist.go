// Package freelist keeps large buffers for their next use. A sync.Pool would drop them at
// each garbage collection, and collections are many where buffers are large.
package freelist

// List holds at most as many values as its capacity.
type List[T any] chan T

// Get returns a value that was put back, or a new one.
func (l List[T]) Get(fresh func() T) T {
	select {
	case v := <-l:
		return v
	default:
		return fresh()
	}
}

// Put keeps a value, or drops it where there are enough.
func (l List[T]) Put(v T) {
	select {
	case l <- v:
	default:
	}
}
