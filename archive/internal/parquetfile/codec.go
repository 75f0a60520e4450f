package parquetfile

import (
	"slices"

	kompress "github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding"
)

// What parquet-go would do again and again for each file of an open hour, since its pools
// are emptied by each garbage collection.

// codec keeps its encoders. Each has megabytes of history, and they are used in turn: more of
// them would be more memory.
type codec struct {
	zstd.Codec
	encoder *kompress.Encoder
}

func newCodec(level zstd.Level) *codec {
	encoder, err := kompress.NewWriter(nil, kompress.WithEncoderConcurrency(2), kompress.WithEncoderLevel(level),
		kompress.WithZeroFrames(true), kompress.WithEncoderCRC(false))
	if err != nil {
		panic(err) // the options are constants
	}
	return &codec{encoder: encoder}
}

func (c *codec) Encode(dst, src []byte) ([]byte, error) {
	return c.encoder.EncodeAll(src, dst[:0]), nil
}

// dictionaryType is a type whose dictionaries are encoded into memory of their size, instead
// of memory that is copied as it grows.
type dictionaryType struct{ parquet.Type }

func (t dictionaryType) NewDictionary(column, values int, data encoding.Values) parquet.Dictionary {
	return dictionary{t.Type.NewDictionary(column, values, data)}
}

type dictionary struct{ parquet.Dictionary }

func (d dictionary) Page() parquet.Page { return dictionaryPage{d.Dictionary.Page()} }

type dictionaryPage struct{ parquet.Page }

func (p dictionaryPage) Type() parquet.Type { return pageType{p.Page.Type()} }

type pageType struct{ parquet.Type }

func (t pageType) Encode(dst []byte, src encoding.Values, by encoding.Encoding) ([]byte, error) {
	text, ends := src.ByteArray()
	return t.Type.Encode(slices.Grow(dst, len(text)+4*len(ends)), src, by)
}
