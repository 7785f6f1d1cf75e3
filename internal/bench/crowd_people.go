package bench

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"clientele/internal/customer"
)

// The crowd are people to be searched for: few names and cities are those of
// many, and many those of few, as in a register of residents. Each follows from
// a number alone.

// scale makes the share of the name of rank r that of 1/(r+head).
type scale struct {
	names uint64
	head  float64
}

var (
	firstScale = scale{6_000, 8}
	lastScale  = scale{150_000, 20}
	cityScale  = scale{9_000, 6}
	wordScale  = scale{30_000, 30}
)

func (s scale) rank(r *rand.Rand) uint64 {
	return min(uint64(s.head*math.Exp(r.Float64()*math.Log(float64(s.names)/s.head+1))-s.head), s.names-1)
}

var (
	onsets  = strings.Fields("b br ch d dr f fl g gr h j k kl kn l m n p pr q r s sch sl sp st str t tr v w z th")
	vowels  = strings.Fields("a e i o u a e i o u a e i ei au ie eu ü ö ä y")
	codas   = strings.Fields("n r l s m ck t nd rt ng ch ss x b lz rg tz p d - - - - - -")
	endings = map[string][]string{
		"first": {"a", "us", "ine", "o", "", "ela", "is", ""},
		"last":  {"er", "mann", "sen", "ski", "", "ez", "son", "ov"},
		"city":  {"burg", "stadt", "heim", "ville", "", "hausen", "ton", "ow"},
		"word":  {"tech", "bau", "", "ix", "ware", "", "lab", ""},
	}
)

// called returns the name of a rank.
func called(kind string, rank uint64) string {
	bits := mix(rank*4 + uint64(len(kind)) + uint64(kind[0])<<40)
	var b strings.Builder
	// Six letters in the middle, four to twelve.
	for n := bits % 5 / 2; ; n-- {
		b.WriteString(pick(onsets, &bits))
		b.WriteString(pick(vowels, &bits))
		if n == 0 || b.Len() > 4 {
			break
		}
	}
	if c := pick(codas, &bits); c != "-" {
		b.WriteString(c)
	}
	b.WriteString(pick(endings[kind], &bits))
	name := []rune(b.String())
	return strings.ToUpper(string(name[:1])) + string(name[1:])
}

// crowdPerson returns one of the crowd. Four in five have an address, one in four
// a company, two in three a phone.
func crowdPerson(i int64) customer.Create {
	r := rand.New(rand.NewPCG(mix(uint64(i)), 7))
	first, last := called("first", firstScale.rank(r)), called("last", lastScale.rank(r))
	if r.IntN(40) == 0 {
		last += "-" + called("last", lastScale.rank(r))
	}
	c := customer.Create{FirstName: first, LastName: last}
	if r.IntN(4) == 0 {
		c.Company = called("word", wordScale.rank(r)) + " " + []string{"GmbH", "Ltd", "& Sons", "Trading", "Studio"}[r.IntN(5)]
		if r.IntN(2) == 0 {
			c.Company = last + " " + c.Company
		}
	}
	if r.IntN(3) != 0 {
		number := strconv.Itoa(1_000_000 + r.IntN(9_000_000))
		c.Phone = []string{"+49 30 " + number, "030/" + number, "0049 (0)89 " + number[:3] + " " + number[3:], "040 " + number[:3] + "-" + number[3:]}[r.IntN(4)]
	}
	f, l := string(letters(nil, first)), string(letters(nil, last))
	n := strconv.FormatInt(i, 10)
	switch r.IntN(6) {
	case 0, 1:
		c.Email = f + "." + l + "@m" + n + ".example"
	case 2:
		c.Email = f + "." + l + strconv.Itoa(r.IntN(100)) + "@m" + n + ".example"
	case 3:
		c.Email = f[:1] + l + "@m" + n + ".example"
	case 4:
		c.Email = f + "_" + l + "@m" + n + ".example"
	default:
		c.Email = strings.ToLower(called("word", wordScale.rank(r))) + n + "@mail.example"
	}
	c.Email = strings.TrimLeft(c.Email, ".")
	if r.IntN(5) != 0 {
		city := cityScale.rank(r)
		c.Addresses = []customer.AddressCreate{{AddressFields: customer.AddressFields{
			FirstName: first, LastName: last, Company: c.Company, Phone: c.Phone, Type: customer.Residential, Address1: "1 Street",
			City: called("city", city), StateOrProvince: "Berlin", PostalCode: strconv.FormatUint(10_000+(city*7+uint64(r.IntN(5)))%89_000, 10), CountryCode: "DE",
		}}}
	}
	return c
}

// crowdQuery asks for one of the crowd by name, and city if there is one, with an
// edit in one of the words.
func crowdQuery(r *rand.Rand, i int64) string {
	c := crowdPerson(i)
	parts := []string{c.FirstName, c.LastName}
	if len(c.Addresses) > 0 {
		parts = append(parts, c.Addresses[0].City)
	}
	for range 20 {
		at := r.IntN(len(parts))
		word := []rune(parts[at])
		if len(word) < 5 || strings.ContainsRune(parts[at], '-') {
			continue
		}
		p, letter := r.IntN(len(word)), rune('a'+r.IntN(26))
		switch r.IntN(4) {
		case 0:
			word = append(word[:p:p], append([]rune{letter}, word[p:]...)...)
		case 1:
			word = append(word[:p:p], word[p+1:]...)
		case 2:
			word[p] = letter
		default:
			if p == 0 {
				p = 1
			}
			word[p-1], word[p] = word[p], word[p-1]
		}
		parts[at] = string(word)
		break
	}
	r.Shuffle(len(parts), func(a, b int) { parts[a], parts[b] = parts[b], parts[a] })
	return strings.Join(parts, " ")
}
