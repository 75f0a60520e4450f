package configcheck

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
)

var (
	durationType = reflect.TypeFor[time.Duration]()
	idType       = reflect.TypeFor[component.ID]()
)

// check compares the values of one component's section with the types of its Config.
type check struct {
	extensions []string // that the service starts
	errs       []error
}

func (c *check) walk(path string, config component.Config, value any) {
	c.visit(path, reflect.TypeOf(config), value)
}

func (c *check) wrong(path, format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
}

func (c *check) visit(path string, t reflect.Type, value any) {
	t = content(t)
	switch {
	case value == nil:
	case t == durationType:
		c.duration(path, value)
	case t == idType:
		c.extension(path, value)
	case t.Kind() == reflect.String:
		c.directory(path, value)
	case t.Kind() == reflect.Struct:
		c.fields(path, t, value)
	case t.Kind() == reflect.Map:
		values, _ := value.(map[string]any)
		for key, v := range values {
			c.visit(path+"::"+key, t.Elem(), v)
		}
	case t.Kind() == reflect.Slice:
		values, _ := value.([]any)
		for i, v := range values {
			c.visit(fmt.Sprintf("%s[%d]", path, i), t.Elem(), v)
		}
	}
}

func (c *check) fields(path string, t reflect.Type, value any) {
	values, ok := value.(map[string]any)
	if !ok {
		return
	}
	for field := range t.Fields() {
		name, option, _ := strings.Cut(field.Tag.Get("mapstructure"), ",")
		if option == "squash" {
			c.visit(path, field.Type, value)
		} else if v, ok := values[name]; ok && name != "" {
			c.visit(path+"::"+name, field.Type, v)
		}
	}
}

// content is the type below pointers and configoptional.Optional.
func content(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if strings.HasPrefix(t.Name(), "Optional[") {
		if get, ok := reflect.PointerTo(t).MethodByName("Get"); ok {
			return content(get.Type.Out(0))
		}
	}
	return t
}

// duration refuses a number, which would be taken for nanoseconds.
func (c *check) duration(path string, value any) {
	const forms = "write numbers with units of h, m, s, ms, us or ns, for example 168h (seven days) or 1m30s"
	switch v := value.(type) {
	case string:
		if _, err := time.ParseDuration(v); err != nil {
			c.wrong(path, "%q is no duration: %s", v, forms)
		}
	case int, int64, uint64, float64:
		if fmt.Sprint(v) != "0" {
			c.wrong(path, "%v is a number without a unit: %s", v, forms)
		}
	}
}

// extension checks a reference to a storage extension, an authenticator and the like.
func (c *check) extension(path string, value any) {
	name := fmt.Sprint(value)
	if !slices.Contains(c.extensions, name) {
		c.wrong(path, "%q is not among the started extensions: configure it under extensions and list it in service::extensions, which has %s",
			name, strings.Join(c.extensions, ", "))
	}
}

func (c *check) directory(path string, value any) {
	name, _ := value.(string)
	if key := path[strings.LastIndex(path, ":")+1:]; key != "directory" && key != "spool" {
		return
	}
	if info, err := os.Stat(name); err == nil && !info.IsDir() {
		c.wrong(path, "%q is a file and must be a directory", name)
	}
}
