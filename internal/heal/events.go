package heal

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/provtrail/provtrail/internal/tempfiles"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// event is what is compared of a record.
type event struct {
	id      provisioning.ID
	version uint64
	digest  uint64 // of what else must be equal
	hour    uint32 // since 1970, of what happened
}

const eventBytes = 16 + 8 + 8 + 4

// eventOf is the event of an activity record. eventExpression is the same for ClickHouse.
func eventOf(r *record.Record) event {
	text := r.ActivityID.String() + "|" + r.Status.String() + "|" + r.FoldedInto.String() + "|" + strconv.FormatBool(r.Current)
	return event{id: r.EventID, version: r.Version, digest: xxhash.Sum64String(text), hour: uint32(r.At() / hourNanos)}
}

const (
	hourNanos = 3600 * 1_000_000_000

	digestExpression = "xxHash64(concatWithSeparator('|', activity_id, toString(status), folded_into, if(current, 'true', 'false')))"
	hourExpression   = "intDiv(toUnixTimestamp(occurred_at), 3600)"
)

// sum is a hash of the event, to be combined by exclusive or; sumExpression is the same for
// ClickHouse.
func (e *event) sum() uint64 {
	return xxhash.Sum64String(e.id.String() + "|" + strconv.FormatUint(e.version, 10) + "|" + strconv.FormatUint(e.digest, 10))
}

const sumExpression = "groupBitXor(xxHash64(concatWithSeparator('|', event_id, toString(version), toString(" + digestExpression + "))))"

// parseEvent reads a row of ClickHouse: id, version, digest and hour with commas.
func parseEvent(row string) (e event, err error) {
	parts := strings.Split(row, ",")
	if len(parts) != 4 {
		return e, fmt.Errorf("event %q has %d parts", row, len(parts))
	}
	e.id, err = provisioning.ParseID(parts[0])
	number := func(text string) uint64 {
		n, wrong := strconv.ParseUint(text, 10, 64)
		err = errors.Join(err, wrong)
		return n
	}
	e.version, e.digest, e.hour = number(parts[1]), number(parts[2]), uint32(number(parts[3]))
	return e, err
}

// shards split events by the first hex digits of their ids into temporary files.
type shards struct {
	tempfiles.Parts
	digits int // 0 to 2
}

// shardEvents is how many events are in memory at once: about 50 MB.
const shardEvents = 500_000

// newShards makes files for about so many events.
func newShards(events int64) (*shards, error) {
	s := &shards{}
	for n := int64(1); n*shardEvents < events && s.digits < 2; n *= 16 {
		s.digits++
	}
	return s, s.Add(1 << (4 * s.digits))
}

// prefix is the beginning of the ids of a shard.
func (s *shards) prefix(shard int) string {
	if s.digits == 0 {
		return ""
	}
	return fmt.Sprintf("%0*x", s.digits, shard)
}

func (s *shards) add(e event) error {
	var b [eventBytes]byte
	copy(b[:], e.id[:])
	binary.BigEndian.PutUint64(b[16:], e.version)
	binary.BigEndian.PutUint64(b[24:], e.digest)
	binary.BigEndian.PutUint32(b[32:], e.hour)
	return s.Write(int(e.id[0])>>(8-4*s.digits), b[:])
}

// read returns the events of a shard by id, each once in its highest version.
func (s *shards) read(shard int) (list []event, err error) {
	from, err := s.Open(shard)
	if err != nil {
		return nil, err
	}
	var b [eventBytes]byte
	for {
		if _, err := io.ReadFull(from, b[:]); errors.Is(err, io.EOF) {
			return distinctEvents(list), nil
		} else if err != nil {
			return nil, err
		}
		list = append(list, event{
			id: provisioning.ID(b[:16]), version: binary.BigEndian.Uint64(b[16:]),
			digest: binary.BigEndian.Uint64(b[24:]), hour: binary.BigEndian.Uint32(b[32:]),
		})
	}
}

// distinctEvents sorts events by id and keeps the highest version of each.
func distinctEvents(list []event) []event {
	slices.SortStableFunc(list, func(a, b event) int {
		return cmp.Or(bytes.Compare(a.id[:], b.id[:]), cmp.Compare(b.version, a.version))
	})
	return slices.CompactFunc(list, func(a, b event) bool { return a.id == b.id })
}
