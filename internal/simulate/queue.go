package simulate

import (
	"cmp"
	"container/heap"
)

// queue holds the documents to come, the next one first.
type queue []planned

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

func (q queue) Less(i, j int) bool {
	a, b := &q[i], &q[j]
	if a.at != b.at {
		return a.at < b.at
	}
	return cmp.Or(cmp.Compare(a.group.ID, b.group.ID), cmp.Compare(a.order, b.order)) < 0
}

func (q *queue) Push(x any) { *q = append(*q, x.(planned)) }

func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = planned{}
	*q = old[:len(old)-1]
	return last
}

func (q *queue) add(list []planned) {
	for _, d := range list {
		heap.Push(q, d)
	}
}

// next takes the first document if it is due before the time.
func (q *queue) next(before int64) (planned, bool) {
	if len(*q) == 0 || (*q)[0].at >= before {
		return planned{}, false
	}
	return heap.Pop(q).(planned), true
}
