package bench

import (
	"strconv"
	"strings"

	"clientele/internal/customer"
	"clientele/internal/opt"
	"clientele/internal/subscriber"
)

// The people of a store follow from their number alone, so that every run
// loads the same ones and the load generator can ask for any of them.

var firstNames = strings.Fields(`Ada Adam Aisha Alan Alice Amara Amelia Ana Andrea Andrew Anna Anouk Anthony
	Arjun Astrid Aya Beatriz Ben Björn Bruno Camille Carlos Caroline Chen Chloë Clara Dana Daniel David Diego Edith
	Elena Elias Emily Emma Erik Esra Eva Fatima Felix Fiona Florian Frank Gabriel George Giulia Grace Hanna Harry
	Hassan Helen Hugo Ida Igor Ines Isaac Ivan Jack James Jan Jane Jasmin Javier Joan Johan José Julia Karim Karl
	Kate Keiko Laila Lara Lars Laura Léa Leo Lily Linh Louis Lucía Luis Magnus Maja Marco María Mark Marta Mary
	Matteo Maya Mei Mia Michael Miguel Mina Mohamed Nadia Naomi Nia Nina Noah Nora Olga Oliver Omar Oscar Paul
	Pedro Petra Priya Quinn Rachel Ravi Renée Rosa Ruth Samir Sara Simon Sofia Stella Sven Tara Theo Thomas Uma
	Vera Victor Wanda William Xavier Yara Yusuf Zoë`)

var lastNames = strings.Fields(`Abbott Ahmed Andersen Anderson Bailey Baker Becker Bennett Bergström Bianchi Brown
	Campbell Carter Chavez Chen Clark Costa Cruz Dahl Davies Diaz Dubois Edwards Evans Farah Fernández Fischer
	Foster Fuentes Garcia Gomez González Grant Green Gupta Haddad Hall Hansen Harris Hernández Hill Hoffmann
	Horvath Hughes Ito Ivanov Jackson Jansen Jensen Johnson Jones Kaya Keller Khan Kim King Klein Kovács Kowalski
	Kumar Lambert Larsen Lee Lewis Lindgren Lopez Martin Martínez Mason Meyer Miller Mitchell Moore Moreau Morgan
	Müller Murphy Nakamura Nguyen Nielsen Novak Okafor Olsen Ortiz Owens Park Patel Pereira Perez Petrov Phillips
	Popescu Price Quinn Ramírez Reed Reyes Ricci Roberts Robinson Rossi Russo Saito Sanders Santos Sato Schmidt
	Schneider Scott Silva Singh Smith Sørensen Stewart Suzuki Svensson Tanaka Taylor Thompson Torres Turner Usman
	Varga Vega Wagner Walker Wang Ward Watson Weber White Williams Wilson Wood Wright Yamamoto Yilmaz Young Zhang
	Zimmermann`)

var mailHosts = []string{"example.com", "example.net", "example.org", "mail.example.com", "post.example.net"}

var companyKinds = []string{"Ltd", "Inc.", "GmbH", "& Sons", "Trading", "Studio"}

var streets = []string{"Oak Street", "Maple Avenue", "Cedar Lane", "High Street", "Mill Road", "Park Avenue", "Lake View Drive", "Station Road", "Elm Court", "Church Street", "River Walk", "Sunset Boulevard"}

type place struct{ city, state, postal, country string }

var places = []place{
	{"Austin", "Texas", "78701", "US"}, {"Portland", "Oregon", "97205", "US"}, {"Denver", "Colorado", "80202", "US"},
	{"Chicago", "Illinois", "60601", "US"}, {"Boston", "Massachusetts", "02108", "US"}, {"Atlanta", "Georgia", "30303", "US"},
	{"San Diego", "California", "92101", "US"}, {"Albany", "New York", "12207", "US"}, {"Toronto", "Ontario", "M5H 2N2", "CA"},
	{"Vancouver", "British Columbia", "V6B 1A1", "CA"}, {"Sydney", "New South Wales", "2000", "AU"}, {"Melbourne", "Victoria", "3000", "AU"},
}

// mix turns a number into an unrelated one (the finalizer of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func pick[T any](of []T, bits *uint64) T {
	v := of[*bits%uint64(len(of))]
	*bits /= uint64(len(of))
	return v
}

// letters keeps what is plain in an email address.
func letters(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i] | 0x20; 'a' <= c && c <= 'z' && s[i] < 0x80 {
			b = append(b, c)
		}
	}
	return b
}

// appendEmail appends the email address of customer i, which is unique by its
// number.
func appendEmail(b []byte, i int64) []byte {
	bits := mix(uint64(i))
	first, last, host := pick(firstNames, &bits), pick(lastNames, &bits), pick(mailHosts, &bits)
	b = append(letters(b, first), '.')
	b = append(letters(b, last), '.')
	b = append(strconv.AppendInt(b, i, 10), '@')
	return append(b, host...)
}

// person returns customer i with one address. One in five has a company, two
// in three a phone.
func person(i int64) customer.Create {
	bits := mix(uint64(i))
	first, last := pick(firstNames, &bits), pick(lastNames, &bits)
	bits = mix(bits ^ uint64(i))
	where := pick(places, &bits)
	a := customer.AddressFields{
		FirstName: first, LastName: last, City: where.city, StateOrProvince: where.state, PostalCode: where.postal, CountryCode: where.country,
		Type: customer.Residential, Address1: strconv.FormatUint(1+bits%999, 10) + " " + pick(streets, &bits),
	}
	c := customer.Create{Email: string(appendEmail(nil, i)), FirstName: first, LastName: last, AcceptsEmails: bits%4 == 0}
	if bits%5 == 0 {
		c.Company = last + " " + pick(companyKinds, &bits)
		a.Company, a.Type = c.Company, customer.Commercial
	}
	if bits%3 != 0 {
		c.Phone = "+1 555 " + strconv.FormatUint(1_000_000+bits%9_000_000, 10)
		a.Phone = c.Phone
	}
	c.Addresses = []customer.AddressCreate{{AddressFields: a}}
	return c
}

var tiers = []string{"Bronze", "Silver", "Gold", "Platinum"}

// tier is customer i's value of the store's attribute.
func tier(i int64) string { return tiers[mix(uint64(i))%uint64(len(tiers))] }

// subscription returns customer i as a subscriber. One in four wants to be
// reminded of a cart, too.
func subscription(i int64) subscriber.Create {
	p := person(i)
	s := subscriber.Create{Email: p.Email, FirstName: p.FirstName, LastName: p.LastName, Source: subscriber.FromStorefront}
	if p.AcceptsEmails {
		s.Consents = opt.Some(subscriber.Consents)
	}
	return s
}
