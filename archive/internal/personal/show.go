package personal

// Show returns the text of a cell of a column: the text itself where it is not encrypted,
// and Erased or Encrypted where it cannot be read. The store may be nil, which is one that
// is not at hand.
func (s *Store) Show(column, text string) (string, error) {
	c, ok := parse(text)
	if !ok {
		return text, nil
	}
	key, word := s.find(c)
	if key == nil {
		return word, nil
	}
	return key.open(column, c)
}

// find returns the key of a cell; nil where it cannot be had, and then Erased or Encrypted.
func (s *Store) find(c cell) (*Key, string) {
	if s == nil {
		return nil, Encrypted
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.byID[c.id]; k != nil {
		return k, ""
	}
	if s.entries[c.id] != nil {
		return nil, Erased
	}
	return nil, Encrypted
}
