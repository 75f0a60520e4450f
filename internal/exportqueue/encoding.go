package exportqueue

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/s2"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
)

// An item on the disk:
//
//	format        1 byte
//	checksum      8 bytes, XXH64 of what follows
//	s2 block of
//	  texts       count, then the length of each, then all of them
//	  3 sorts     rows, then columns: name (a text), kind, values
//
// Numbers are varints. A column's values are indexes of texts, differences from
// the number before, 16 bytes of an id, or a count and as many indexes of texts. Columns are found by name, so a queue
// written by another version of the program can be read.
type encoding struct{}

const (
	format     = 1
	headerSize = 1 + 8
)

// Marshal implements xexporterhelper's Encoding.
func (encoding) Marshal(_ context.Context, r xexporterhelper.Request) ([]byte, error) {
	return encode(&r.(*request).batch), nil
}

// Unmarshal implements xexporterhelper's Encoding. The queue would drop an item that
// is an error: one that is damaged becomes quarantined data.
func (encoding) Unmarshal(item []byte) (context.Context, xexporterhelper.Request, error) {
	batch, err := decode(item)
	if err != nil {
		q := &provisioning.Quarantined{
			Reason: fmt.Sprintf("an item of the exporter's queue on the disk is damaged, its records are not stored: %v; "+
				"its bytes are kept in base64: have the receiver read the vendor's last days again", err),
			Original: base64.StdEncoding.EncodeToString(item), Size: int64(len(item)),
			ObservedAt: pcommon.NewTimestampFromTime(time.Now()),
		}
		q.EventID = provisioning.QuarantineID(q)
		batch = provisioning.Batch{Quarantined: []*provisioning.Quarantined{q}}
	}
	return context.Background(), &request{batch: batch}, nil
}

func encode(b *provisioning.Batch) []byte {
	var values []byte
	table := texts{index: make(map[string]uint64, 4*b.Len())}
	each(b, func(rows rowsOf) {
		values = binary.AppendUvarint(values, uint64(rows.n)) //nolint:gosec // a count
		if rows.n == 0 {
			return
		}
		values = binary.AppendUvarint(values, uint64(len(rows.columns)))
		for _, c := range rows.columns {
			values = binary.AppendUvarint(values, table.number(c.name))
			values = append(values, byte(c.kind))
			values = table.appendColumn(values, rows.n, c)
		}
	})
	body := append(table.encode(len(values)), values...)
	item := make([]byte, headerSize+s2.MaxEncodedLen(len(body)))
	item[0] = format
	item = item[:headerSize+len(s2.Encode(item[headerSize:], body))]
	binary.LittleEndian.PutUint64(item[1:], xxhash.Sum64(item[headerSize:]))
	return item
}

func (t *texts) appendColumn(to []byte, n int, c column) []byte {
	switch c.kind {
	case kindText:
		last, lastNumber := "", t.number("")
		for i := range n {
			if s := provisioning.Text(c.of(i)); s != last {
				last, lastNumber = s, t.number(s)
			}
			to = binary.AppendUvarint(to, lastNumber)
		}
	case kindNumber:
		var before int64
		for i := range n {
			value := number(c.of(i))
			to = binary.AppendVarint(to, value-before)
			before = value
		}
	case kindID:
		for i := range n {
			to = append(to, c.of(i).(*provisioning.ID)[:]...)
		}
	case kindTexts:
		for i := range n {
			list := *c.of(i).(*[]string)
			to = binary.AppendUvarint(to, uint64(len(list)))
			for _, s := range list {
				to = binary.AppendUvarint(to, t.number(s))
			}
		}
	}
	return to
}

// texts numbers the distinct texts of a batch.
type texts struct {
	index map[string]uint64
	list  []string
	bytes int
}

func (t *texts) number(s string) uint64 {
	n, ok := t.index[s]
	if !ok {
		n = uint64(len(t.list))
		t.index[s] = n
		t.list = append(t.list, s)
		t.bytes += len(s)
	}
	return n
}

// encode leaves room for more bytes behind it.
func (t *texts) encode(more int) []byte {
	to := make([]byte, 0, binary.MaxVarintLen64*(1+len(t.list))+t.bytes+more)
	to = binary.AppendUvarint(to, uint64(len(t.list)))
	for _, s := range t.list {
		to = binary.AppendUvarint(to, uint64(len(s)))
	}
	for _, s := range t.list {
		to = append(to, s...)
	}
	return to
}

var errDamaged = errors.New("the bytes are not what was written")

func decode(item []byte) (provisioning.Batch, error) {
	var b provisioning.Batch
	switch {
	case len(item) < headerSize:
		return b, errDamaged
	case item[0] != format:
		return b, fmt.Errorf("it has format %d, this binary knows %d", item[0], format)
	case binary.LittleEndian.Uint64(item[1:]) != xxhash.Sum64(item[headerSize:]):
		return b, errDamaged
	}
	body, err := s2.Decode(nil, item[headerSize:])
	if err != nil {
		return b, errors.Join(errDamaged, err)
	}
	d := decoder{rest: body}
	d.readTexts()
	b.Records = readRows[provisioning.Record](&d, recordFields)
	b.Groups = readRows[provisioning.GroupRecord](&d, groupFields)
	b.Quarantined = readRows[provisioning.Quarantined](&d, quarantineFields)
	if d.bad || len(d.rest) > 0 {
		return provisioning.Batch{}, errDamaged
	}
	return b, nil
}
