package parquetfile

import "github.com/parquet-go/parquet-go"

// maxShown is how many texts of a column are remembered with what is shown for them:
// dictionaries repeat them.
const maxShown = 4096

// shown are texts of a column and what is shown for them.
type shown map[string]parquet.Value

// show replaces the texts of a personal column.
func (r *Reader[T]) show(c *column[T], values []parquet.Value) error {
	if r.Show == nil || !c.field.Personal {
		return nil
	}
	if r.shown == nil {
		r.shown = map[string]shown{}
	}
	known := r.shown[c.name]
	if known == nil || len(known) >= maxShown {
		known = shown{}
		r.shown[c.name] = known
	}
	for i, v := range values {
		text := textOf(v)
		if text == "" {
			continue
		}
		replaced, ok := known[text]
		if !ok {
			is, err := r.Show(c.name, text)
			if err != nil {
				return err
			}
			replaced = textValue(is)
			known[text] = replaced
		}
		values[i] = replaced
	}
	return nil
}
