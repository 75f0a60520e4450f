package webhookfeed

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/provtrail/provtrail/internal/sailpoint"
)

// defaultMaxBody is the server's limit where none is configured.
const defaultMaxBody = 20 << 20

func (f *Feed) maxBody() int64 {
	if n := f.cfg.ServerConfig.MaxRequestBodySize; n > 0 {
		return n
	}
	return defaultMaxBody
}

// decode decompresses a body that is gzip, which a file that is posted as it is does not say
// in a header, and decodes UTF-16. problem: only the beginning could be decompressed. The
// error is that the text is longer than limit.
func decode(body []byte, limit int64) (text []byte, problem string, err error) {
	if bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
		var cause error
		if body, cause = gunzip(body, limit+1); int64(len(body)) > limit {
			return nil, "", fmt.Errorf("the decompressed body is longer than max_request_body_size (%d bytes)", limit)
		}
		if cause != nil {
			problem = fmt.Sprintf("the gzip body is cut or damaged behind %d bytes of content: %v: send it once more", len(body), cause)
		}
	}
	return sailpoint.ToUTF8(body), problem, nil
}

func gunzip(packed []byte, limit int64) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, limit))
}
