// Package freelist keeps large buffers for their next use. A sync.Pool would let go of
// them at each garbage collection, and collections are many where buffers are large.
package freelist

// List holds at most as many values as it was made for.
type List[T any] chan T

// New returns an empty list of room for so many values.
func New[T any](room int) List[T] { return make(List[T], room) }

// Take returns a value that was given, or a new one.
func (l List[T]) Take(fresh func() T) T {
	select {
	case v := <-l:
		return v
	default:
		return fresh()
	}
}

// Give keeps a value, or lets go of it where there are enough.
func (l List[T]) Give(v T) {
	select {
	case l <- v:
	default:
	}
}
