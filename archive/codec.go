package archive

import (
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
)

// zstdCodec compresses pages. parquet-go's own makes an encoder, of about a
// megabyte, whenever the garbage collector has emptied its pool; this one keeps one
// for each processor.
type zstdCodec struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

// window is a little more than a page: more history costs memory and finds nothing.
const window = 256 << 10

func newCodec(level zstd.EncoderLevel) *zstdCodec {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithWindowSize(window),
		zstd.WithZeroFrames(true), zstd.WithEncoderCRC(false))
	if err != nil {
		panic(err) // the options are constants
	}
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		panic(err)
	}
	return &zstdCodec{encoder, decoder}
}

func (*zstdCodec) String() string { return "ZSTD" }

func (*zstdCodec) CompressionCodec() format.CompressionCodec { return format.Zstd }

func (c *zstdCodec) Encode(dst, src []byte) ([]byte, error) {
	return c.encoder.EncodeAll(src, dst[:0]), nil
}

func (c *zstdCodec) Decode(dst, src []byte) ([]byte, error) {
	return c.decoder.DecodeAll(src, dst[:0])
}
