package columnar

// Len is the number of records of all batches.
func Len(batches []*Batch) (n int) {
	for _, b := range batches {
		n += b.Len()
	}
	return n
}

// Split returns the first n records of the batches and the others.
func Split(batches []*Batch, n int) (head, tail []*Batch) {
	for i, b := range batches {
		if n < b.Len() {
			first, second := b.Split(n)
			if n > 0 {
				head = append(head, first)
			}
			return head, append([]*Batch{second}, batches[i+1:]...)
		}
		n -= b.Len()
		head = append(head, b)
	}
	return head, nil
}

// Concat makes one batch of several.
func Concat(batches []*Batch) *Batch {
	if len(batches) == 1 {
		return batches[0]
	}
	to := NewBuilder(Len(batches))
	for _, b := range batches {
		for _, k := range kinds {
			k.copy(b, to)
		}
	}
	return to.Batch()
}
