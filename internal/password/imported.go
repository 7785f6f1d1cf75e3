package password

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"

	"github.com/go-crypt/x/crypt"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

// ImportedHash is another system's hash of a password. It is stored until the
// first sign-in, which replaces it by one of our own.
//
// Without a Format the hash has to tell itself how it was made:
//
//	$argon2id$… $argon2i$…            PHC strings, version 19; argon2$… of Django
//	$2a$… $2b$… $2y$…                 bcrypt; bcrypt$… and bcrypt_sha256$… of Django
//	$bcrypt-sha256$v=2,…              passlib
//	$wp$2y$…                          WordPress from 6.8 on
//	$P$… $H$…                         phpass: WordPress, phpBB
//	$S$… U$S$…                        Drupal 7
//	$1$… $5$… $6$…                    crypt with MD5, SHA-256, SHA-512
//	pbkdf2_sha256$rounds$salt$base64  Django; also pbkdf2_sha1 and pbkdf2_sha512
//	pbkdf2:sha256:rounds$salt$hex     Werkzeug
//	$pbkdf2-sha256$rounds$salt$hash   passlib, with or without i=; $pbkdf2$ is SHA-1
//	scrypt$n$salt$r$p$base64          Django
//	scrypt:n:r:p$salt$hex             Werkzeug
//	$scrypt$ln=…,r=…,p=…$salt$hash    passlib and PHC; Ory Kratos, whose ln is the cost itself
//	$firebase-scrypt$ln=…,r=…,sep=…,key=…$salt$hash  Firebase's export, all in base64
//	hex:salt                          Magento 1, osCommerce, Zen Cart: MD5 or SHA-256 of salt and password
//	hex:salt:version                  Magento 2: 0, 1, 2, 3_…, and chains such as 0:1
//	sha1$salt$hex md5$salt$hex        Django's old ones
//	{SHA} {SSHA} {SSHA256} {SSHA512} {MD5} {SMD5}  RFC 2307 and after
//	AQAAAA… AA…                       ASP.NET Identity 3 and 2
//	c2NyeXB0…                         blobs of scrypt's own tools and scrypt-kdf
//	$sha256$pf=…$salt$hash            Ory Kratos; also with sha1, sha512 and md5
//	$hmac-sha256$hash$key             Ory Kratos; also with other digests
//	$sha512-crypt$… $sha256-crypt$… $md5-crypt$…  Ory Kratos: crypt by other names
//	$firescrypt$ln=…,r=…,p=1$salt$hash$separator$key  Ory Kratos: Firebase's, all in base64
//	$2y$…:0                           bcrypt with a version of Magento's behind
//	$pepper$recipe$pepper$2b$…        bcrypt of this program's formats with a pepper
//	$digest$algorithm,recipe$salt$hex the plain digests of this program's formats
type ImportedHash struct {
	// Format names how a hash in hexadecimal was made: one of Formats.
	Format string
	Hash   string
	// Salt is the salt, or the shop's key, of such a hash.
	Salt string
}

// Formats are the names of plain digests in hexadecimal, which do not tell how
// they were made, and of bcrypt with a pepper. algorithm:recipe is a name as
// well, such as "sha256:salt+password"; recipes are in recipes, those of bcrypt
// in peppered.
var Formats = map[string]string{
	"prestashop": "md5:salt+password", // the salt is the shop's cookie key
	"oscommerce": "md5:salt+password",
	"zencart":    "md5:salt+password",
	"shopware":   "md5:password+salt",
	"opencart":   "sha1:opencart",
	"vbulletin":  "md5:hex+salt",
	"devise":     "bcrypt:password+salt", // the salt is the pepper
	// nopCommerce, whose older versions hashed with SHA-1
	"nopcommerce":      "sha512:password+salt",
	"nopcommerce-sha1": "sha1:password+salt",
	"wordpress":        "md5:password", // before phpass
}

var algorithms = map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}

// recipes are the ways in which password and salt make a digest.
var recipes = map[string]func(h func() hash.Hash, password, salt []byte) []byte{
	"password":      func(h func() hash.Hash, p, _ []byte) []byte { return sum(h, p) },
	"salt+password": func(h func() hash.Hash, p, s []byte) []byte { return sum(h, s, p) },
	"password+salt": func(h func() hash.Hash, p, s []byte) []byte { return sum(h, p, s) },
	"hex+salt":      func(h func() hash.Hash, p, s []byte) []byte { return sum(h, hexOf(sum(h, p)), s) },
	"salt+hex":      func(h func() hash.Hash, p, s []byte) []byte { return sum(h, s, hexOf(sum(h, p))) },
	"opencart": func(h func() hash.Hash, p, s []byte) []byte {
		return sum(h, s, hexOf(sum(h, s, hexOf(sum(h, p)))))
	},
	"hmac": func(h func() hash.Hash, p, s []byte) []byte {
		m := hmac.New(h, s)
		m.Write(p)
		return m.Sum(nil)
	},
}

func sum(h func() hash.Hash, parts ...[]byte) []byte {
	d := h()
	for _, p := range parts {
		d.Write(p)
	}
	return d.Sum(nil)
}

func hexOf(b []byte) []byte { return hex.AppendEncode(nil, b) }

// Bounds of what a hash may cost to verify: no more than a second or so. One
// that costs more is refused when it is imported.
const (
	maxHashText   = 1024
	maxSalt       = 256
	maxKey        = 128
	plentyMemory  = 64 << 10  // KiB; from there on one at a time
	maxArgon      = 1 << 20   // KiB times passes
	maxArgonMem   = 256 << 10 // KiB
	maxBcrypt     = 14
	maxPBKDF2     = 2_000_000 // rounds times blocks
	maxScrypt     = 1 << 20   // n times r times p: 128 MiB
	maxPhpass     = 20        // log2
	maxCryptRound = 1_000_000
)

var (
	errHash   = errors.New("no known form of a password hash")
	errCostly = errors.New("the hash asks for more work than is done for a password")
)

// Stored returns the form that is kept, or what is wrong with the hash.
func (h ImportedHash) Stored() (string, error) {
	text := h.Hash
	if h.Format != "" {
		format := h.Format
		if f, ok := Formats[format]; ok {
			format = f
		}
		if recipe, ok := strings.CutPrefix(format, bcryptFormat); ok && peppered[recipe] != nil {
			text = pepper(recipe, withoutVersion(text), h.Salt)
			_, err := parseStored(text)
			return text, err
		}
		name, recipe, ok := strings.Cut(format, ":")
		if algorithms[name] == nil || recipes[recipe] == nil || !ok {
			return "", fmt.Errorf("there is no format %q of password hashes", h.Format)
		}
		// A platform may have moved on to hashes that tell themselves.
		if _, err := hex.DecodeString(text); err == nil {
			text = "$digest$" + name + "," + recipe + "$" + base64.RawStdEncoding.EncodeToString([]byte(h.Salt)) + "$" + strings.ToLower(text)
		}
	}
	if _, err := parseStored(text); err != nil {
		return "", err
	}
	return text, nil
}

// digest is a hash that passwords are compared with.
type digest struct {
	kind   kind
	mem    uint32 // KiB
	verify func(password []byte) bool
}

// against returns a digest that is right where derive gives want.
func against(k kind, want []byte, mem uint32, derive func(password []byte) []byte) digest {
	return digest{k, mem, func(p []byte) bool { return subtle.ConstantTimeCompare(derive(p), want) == 1 }}
}

func parseStored(text string) (digest, error) {
	if len(text) > maxHashText {
		return digest{}, errHash
	}
	if strings.HasPrefix(text, "$") {
		return parseModular(text)
	}
	name, rest, ok := strings.Cut(text, "$")
	if ok {
		return parseNamed(name, rest)
	}
	switch {
	case strings.HasPrefix(text, "{"):
		return parseLDAP(text)
	case strings.Contains(text, ":"):
		return parseColons(text)
	}
	return parseBlob(text)
}

// parseModular reads what begins with a dollar sign.
func parseModular(text string) (digest, error) {
	if len(text) > 3 && text[1] == '2' && strings.IndexByte("aby", text[2]) >= 0 && text[3] == '$' {
		return parseBcrypt(withoutVersion(text), func(p []byte) []byte { return p })
	}
	parts := strings.Split(text, "$")[1:]
	switch name := parts[0]; name {
	case "argon2id", "argon2i":
		return parseArgon(parts)
	case "wp":
		return parseBcrypt(text[3:], func(p []byte) []byte {
			m := hmac.New(sha512.New384, []byte("wp-sha384"))
			m.Write(p)
			return base64.StdEncoding.AppendEncode(nil, m.Sum(nil))
		})
	case "bcrypt-sha256":
		return parseBcryptSHA256(parts)
	case "P", "H":
		return parsePhpass(text, md5.New, sizePhpass)
	case "S":
		return parsePhpass(text, sha512.New, sizeDrupal)
	case "1", "5", "6":
		return parseCrypt(parts)
	case "md5-crypt", "sha256-crypt", "sha512-crypt":
		parts[0] = map[string]string{"md5-crypt": "1", "sha256-crypt": "5", "sha512-crypt": "6"}[name]
		return parseCrypt(parts)
	case "pbkdf2", "pbkdf2-sha1", "pbkdf2-sha256", "pbkdf2-sha512":
		if len(parts) != 4 {
			return digest{}, errHash
		}
		rounds, _, _ := strings.Cut(strings.TrimPrefix(parts[1], "i="), ",")
		salt, err1 := looseBase64(parts[2])
		want, err2 := looseBase64(parts[3])
		if err1 != nil || err2 != nil {
			return digest{}, errHash
		}
		_, alg, _ := strings.Cut(name, "-")
		return pbkdf2Digest(alg, rounds, salt, want)
	case "scrypt":
		return parseScrypt(parts)
	case "firebase-scrypt":
		return parseFirebase(parts)
	case "firescrypt":
		return parseFirescrypt(parts)
	case "digest":
		return parseDigest(parts)
	case "pepper":
		return parsePepper(parts)
	case "md5", "sha1", "sha256", "sha512":
		return parseSalted(parts)
	case "hmac-md5", "hmac-sha1", "hmac-sha256", "hmac-sha384", "hmac-sha512":
		return parseHMAC(parts)
	}
	return digest{}, errHash
}

// parseNamed reads name$rest.
func parseNamed(name, rest string) (digest, error) {
	parts := strings.Split(rest, "$")
	kind, alg, _ := strings.Cut(name, "_")
	switch {
	case name == "argon2":
		return parseArgon(parts)
	case name == "U" && strings.HasPrefix(rest, "S$"):
		inner, err := parsePhpass("$"+rest, sha512.New, sizeDrupal)
		if err != nil {
			return digest{}, err
		}
		return digest{inner.kind, 0, func(p []byte) bool { return inner.verify(hexOf(sum(md5.New, p))) }}, nil
	case name == "bcrypt":
		return parseBcrypt(rest, func(p []byte) []byte { return p })
	case name == "bcrypt_sha256":
		return parseBcrypt(rest, func(p []byte) []byte { return hexOf(sum(sha256.New, p)) })
	case kind == "pbkdf2" && alg != "" && len(parts) == 3:
		want, err := base64.StdEncoding.DecodeString(parts[2])
		if err != nil {
			return digest{}, errHash
		}
		return pbkdf2Digest(alg, parts[0], []byte(parts[1]), want)
	case name == "scrypt" && len(parts) == 5:
		want, err := base64.StdEncoding.DecodeString(parts[4])
		if err != nil {
			return digest{}, errHash
		}
		return scryptDigest(parts[0], parts[2], parts[3], []byte(parts[1]), want)
	case strings.HasPrefix(name, "pbkdf2:") && len(parts) == 2:
		alg, rounds, _ := strings.Cut(strings.TrimPrefix(name, "pbkdf2:"), ":")
		want, err := hex.DecodeString(parts[1])
		if err != nil {
			return digest{}, errHash
		}
		return pbkdf2Digest(alg, rounds, []byte(parts[0]), want)
	case strings.HasPrefix(name, "scrypt:") && len(parts) == 2:
		cost := strings.Split(name, ":")
		want, err := hex.DecodeString(parts[1])
		if err != nil || len(cost) != 4 {
			return digest{}, errHash
		}
		return scryptDigest(cost[1], cost[2], cost[3], []byte(parts[0]), want)
	case (name == "sha1" || name == "md5") && len(parts) == 2:
		return plainDigest(name, "salt+password", []byte(parts[0]), parts[1])
	}
	return digest{}, errHash
}

// number reads a cost without sign or spaces.
func number(text string, most int) (int, error) {
	if text == "" || len(text) > 10 || strings.Trim(text, "0123456789") != "" {
		return 0, errHash
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || n < 1:
		return 0, errHash
	case n > most:
		return 0, errCostly
	}
	return n, nil
}

// options reads names=numbers, separated by commas, in this order.
func options(text string, names ...string) ([]string, error) {
	parts := strings.Split(text, ",")
	if len(parts) != len(names) {
		return nil, errHash
	}
	out := make([]string, len(parts))
	for i, p := range parts {
		v, ok := strings.CutPrefix(p, names[i]+"=")
		if !ok {
			return nil, errHash
		}
		out[i] = v
	}
	return out, nil
}

// looseBase64 decodes base64 with or without padding, and with the dot that
// passlib has for the plus.
func looseBase64(text string) ([]byte, error) {
	return base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.ReplaceAll(text, ".", "+"), "="))
}

func fits(salt, want []byte) bool {
	return len(salt) <= maxSalt && len(want) >= 8 && len(want) <= maxKey
}

// parseArgon reads argon2id$v=19$m=…,t=…,p=…$salt$hash.
func parseArgon(parts []string) (digest, error) {
	if len(parts) != 5 || parts[1] != "v="+strconv.Itoa(argon2.Version) {
		return digest{}, errHash
	}
	cost, err := options(parts[2], "m", "t", "p")
	if err != nil {
		return digest{}, err
	}
	mem, err1 := number(cost[0], maxArgonMem)
	passes, err2 := number(cost[1], 64)
	lanes, err3 := number(cost[2], 64)
	if err := errors.Join(err1, err2, err3); err != nil {
		return digest{}, err
	}
	if mem*passes > maxArgon {
		return digest{}, errCostly
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[3])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[4])
	if err1 != nil || err2 != nil || !fits(salt, want) {
		return digest{}, errHash
	}
	return argonDigest(parts[0], salt, want, mem, passes, lanes)
}

func argonDigest(name string, salt, want []byte, mem, passes, lanes int) (digest, error) {
	derive := argon2.IDKey
	switch name {
	case "argon2id":
	case "argon2i":
		derive = argon2.Key
	default:
		return digest{}, errHash
	}
	return against(kindOf(name, mem, passes, lanes), want, uint32(mem), func(p []byte) []byte {
		return derive(p, salt, uint32(passes), uint32(mem), uint8(lanes), uint32(len(want)))
	}), nil
}

// parseBcrypt reads $2b$cost$…, of what before makes of the password.
func parseBcrypt(text string, before func([]byte) []byte) (digest, error) {
	if len(text) != 60 || text[0] != '$' || text[1] != '2' || strings.IndexByte("aby", text[2]) < 0 || text[3] != '$' || text[6] != '$' ||
		strings.Trim(text[7:], cryptAlphabet) != "" {
		return digest{}, errHash
	}
	cost, err := number(strings.TrimLeft(text[4:6], "0"), maxBcrypt)
	if err != nil || cost < bcrypt.MinCost {
		return digest{}, cmpErr(err)
	}
	return digest{kindOf("bcrypt", cost), 0, func(p []byte) bool {
		p = before(p)
		// bcrypt reads no further, and the library refuses what is longer.
		return bcrypt.CompareHashAndPassword([]byte(text), p[:min(len(p), 72)]) == nil
	}}, nil
}

// withoutVersion takes the version off that Magento's modules put behind
// bcrypt's form.
func withoutVersion(text string) string {
	if before, version, ok := strings.Cut(text, ":"); ok && len(version) == 1 && version[0] >= '0' && version[0] <= '9' {
		return before
	}
	return text
}

func cmpErr(err error) error {
	if err == nil {
		return errHash
	}
	return err
}

// parseBcryptSHA256 reads bcrypt-sha256$v=2,t=2b,r=12$salt$hash.
func parseBcryptSHA256(parts []string) (digest, error) {
	if len(parts) != 4 || len(parts[2]) != 22 {
		return digest{}, errHash
	}
	o, err := options(parts[1], "v", "t", "r")
	if err != nil || o[0] != "2" {
		return digest{}, errHash
	}
	if len(o[2]) == 1 {
		o[2] = "0" + o[2]
	}
	salt := []byte(parts[2])
	return parseBcrypt("$"+o[1]+"$"+o[2]+"$"+parts[2]+parts[3], func(p []byte) []byte {
		m := hmac.New(sha256.New, salt)
		m.Write(p)
		return base64.StdEncoding.AppendEncode(nil, m.Sum(nil))
	})
}

// cryptAlphabet are the digits of crypt's and phpass's base 64.
const cryptAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// cryptText writes bytes as crypt and phpass do: three to four digits, the
// lowest first.
func cryptText(b []byte) []byte {
	var out []byte
	for i := 0; i < len(b); i += 3 {
		group := b[i:min(i+3, len(b))]
		v := 0
		for j, c := range group {
			v |= int(c) << (8 * j)
		}
		for range len(group) + 1 {
			out = append(out, cryptAlphabet[v&63])
			v >>= 6
		}
	}
	return out
}

// How long the texts of phpass and of Drupal's variant are.
const (
	sizePhpass = 34
	sizeDrupal = 55
)

// parsePhpass reads $P$, cost, salt and hash, of size characters in all.
func parsePhpass(text string, h func() hash.Hash, size int) (digest, error) {
	if len(text) != size || strings.Trim(text[3:], cryptAlphabet) != "" {
		return digest{}, errHash
	}
	log := strings.IndexByte(cryptAlphabet, text[3])
	if log < 1 {
		return digest{}, errHash
	}
	if log > maxPhpass {
		return digest{}, errCostly
	}
	salt, want := []byte(text[4:12]), []byte(text[12:])
	name := "phpass-md5"
	if size == sizeDrupal {
		name = "phpass-sha512"
	}
	return against(kindOf(name, log), want, 0, func(p []byte) []byte {
		key := sum(h, salt, p)
		d := h()
		for range 1 << log {
			d.Reset()
			d.Write(key)
			d.Write(p)
			key = d.Sum(key[:0])
		}
		return cryptText(key)[:len(want)]
	}), nil
}

// parseCrypt reads 1$salt$hash, 5$salt$hash and 6$rounds=…$salt$hash.
func parseCrypt(parts []string) (digest, error) {
	rounds, name, longest := 5000, parts[0], 16
	if name == "1" {
		longest = 8
	} else if len(parts) == 4 {
		text, ok := strings.CutPrefix(parts[1], "rounds=")
		n, err := number(text, maxCryptRound)
		if err != nil || !ok {
			return digest{}, cmpErr(err)
		}
		rounds = max(n, 1000)
		parts = parts[1:]
	}
	size := map[string]int{"1": 22, "5": 43, "6": 86}[name]
	if len(parts) != 3 || len(parts[2]) != size || strings.Trim(parts[2], cryptAlphabet) != "" || len(parts[1]) > longest {
		return digest{}, errHash
	}
	salt := []byte(parts[1])
	k := map[string]kind{"1": "crypt-md5", "5": kindOf("crypt-sha256", roughly(rounds)), "6": kindOf("crypt-sha512", roughly(rounds))}[name]
	return against(k, []byte(parts[2]), 0, func(p []byte) []byte {
		switch name {
		case "1":
			return crypt.KeyMD5Crypt(p, salt)
		case "5":
			return crypt.KeySHACrypt(sha256.New, p, salt, rounds)
		}
		return crypt.KeySHACrypt(sha512.New, p, salt, rounds)
	}), nil
}

func pbkdf2Digest(alg, rounds string, salt, want []byte) (digest, error) {
	if alg == "" {
		alg = "sha1"
	}
	h := algorithms[alg]
	if h == nil || alg == "md5" || !fits(salt, want) {
		return digest{}, errHash
	}
	blocks := (len(want) + h().Size() - 1) / h().Size()
	n, err := number(rounds, maxPBKDF2)
	if err != nil {
		return digest{}, err
	}
	if n > maxPBKDF2/blocks {
		// Each block takes all rounds, and the first is as hard to meet as all of them.
		want, blocks = want[:h().Size()], 1
	}
	return against(kindOf("pbkdf2-"+alg, roughly(n*blocks)), want, 0, func(p []byte) []byte {
		key, err := pbkdf2.Key(h, string(p), salt, n, len(want))
		if err != nil {
			return nil
		}
		return key
	}), nil
}

// maxLogarithm is the last number that can be the logarithm of a cost.
const maxLogarithm = 62

// parseScrypt reads scrypt$ln=…,r=…,p=…$salt$hash.
func parseScrypt(parts []string) (digest, error) {
	if len(parts) != 4 {
		return digest{}, errHash
	}
	o, err := options(parts[1], "ln", "r", "p")
	if err != nil {
		return digest{}, err
	}
	// Some write the cost itself where others have its logarithm.
	n, err := number(o[0], maxScrypt)
	if err != nil {
		return digest{}, err
	}
	if n <= maxLogarithm {
		n = 1 << n
	}
	salt, err1 := looseBase64(parts[2])
	want, err2 := looseBase64(parts[3])
	if err1 != nil || err2 != nil {
		return digest{}, errHash
	}
	return scryptDigest(strconv.Itoa(n), o[1], o[2], salt, want)
}

// scryptCost holds the cost of scrypt to its bounds.
func scryptCost(n, r, p string) (cost [3]int, err error) {
	for i, text := range []string{n, r, p} {
		if cost[i], err = number(text, maxScrypt); err != nil {
			return cost, err
		}
	}
	if cost[0] < 2 || cost[0]&(cost[0]-1) != 0 {
		return cost, errHash
	}
	if cost[1] > maxScrypt/cost[0] || cost[2] > maxScrypt/cost[0]/cost[1] {
		return cost, errCostly
	}
	return cost, nil
}

func scryptDigest(n, r, p string, salt, want []byte) (digest, error) {
	cost, err := scryptCost(n, r, p)
	if err != nil {
		return digest{}, err
	}
	if !fits(salt, want) {
		return digest{}, errHash
	}
	return against(kindOf("scrypt", cost[:]...), want, uint32(cost[0]*cost[1]/8), func(p []byte) []byte {
		key, err := scrypt.Key(p, salt, cost[0], cost[1], cost[2], len(want))
		if err != nil {
			return nil
		}
		return key
	}), nil
}

// parseDigest reads digest$algorithm,recipe$salt$hex.
func parseDigest(parts []string) (digest, error) {
	if len(parts) != 4 {
		return digest{}, errHash
	}
	name, recipe, _ := strings.Cut(parts[1], ",")
	salt, err := base64.RawStdEncoding.DecodeString(parts[2])
	if err != nil {
		return digest{}, errHash
	}
	return plainDigest(name, recipe, salt, parts[3])
}

func plainDigest(name, recipe string, salt []byte, want string) (digest, error) {
	h, mix := algorithms[name], recipes[recipe]
	key, err := hex.DecodeString(want)
	if err != nil || h == nil || mix == nil || len(key) != h().Size() || len(salt) > maxSalt {
		return digest{}, errHash
	}
	return against(plain, key, 0, func(p []byte) []byte { return mix(h, p, salt) }), nil
}

// parseLDAP reads {SSHA} and base64 of a digest of password and salt, and the
// salt.
func parseLDAP(text string) (digest, error) {
	name, rest, _ := strings.Cut(text[1:], "}")
	h := map[string]string{"SHA": "sha1", "SSHA": "sha1", "SHA256": "sha256", "SSHA256": "sha256", "SHA512": "sha512", "SSHA512": "sha512", "MD5": "md5", "SMD5": "md5"}[strings.ToUpper(name)]
	b, err := base64.StdEncoding.DecodeString(rest)
	if err != nil || h == "" {
		return digest{}, errHash
	}
	size := algorithms[h]().Size()
	salted := strings.HasPrefix(strings.ToUpper(name), "SS") || strings.HasPrefix(strings.ToUpper(name), "SM")
	if len(b) < size || salted != (len(b) > size) {
		return digest{}, errHash
	}
	return plainDigest(h, "password+salt", b[size:], hex.EncodeToString(b[:size]))
}

// parseColons reads hex:salt and Magento 2's hex:salt:version….
func parseColons(text string) (digest, error) {
	parts := strings.Split(text, ":")
	want, err := hex.DecodeString(parts[0])
	if err != nil || len(parts) < 2 || len(parts[1]) > maxSalt || len(parts) > 5 {
		return digest{}, errHash
	}
	salt := parts[1]
	if len(parts) == 2 {
		name := map[int]string{md5.Size: "md5", sha256.Size: "sha256"}[len(want)]
		return plainDigest(name, "salt+password", []byte(salt), parts[0])
	}
	// Each version hashes what the one before gave, in hexadecimal.
	var steps []func(string) []byte
	mem, size, k := 0, 0, plain
	for _, version := range parts[2:] {
		version, cost, agnostic := strings.Cut(version, "_")
		switch {
		case version == "0" && !agnostic:
			size = md5.Size
			steps = append(steps, func(in string) []byte { return sum(md5.New, []byte(salt), []byte(in)) })
		case version == "1" && !agnostic:
			size = sha256.Size
			steps = append(steps, func(in string) []byte { return sum(sha256.New, []byte(salt), []byte(in)) })
		case version == "2" && !agnostic, version == "3" && agnostic:
			o := []string{"32", "2", "67108864"}
			if agnostic {
				o = strings.Split(cost, "_")
			}
			if len(o) != 3 || salt == "" || mem != 0 {
				return digest{}, errHash
			}
			key, err1 := number(o[0], maxKey)
			passes, err2 := number(o[1], 64)
			bytes, err3 := number(o[2], maxArgonMem<<10)
			if err := errors.Join(err1, err2, err3); err != nil {
				return digest{}, err
			}
			if size, mem = key, bytes>>10; mem < 8 {
				return digest{}, errHash
			}
			if mem*passes > maxArgon {
				return digest{}, errCostly
			}
			padded := []byte(strings.Repeat(salt, 16/len(salt)+1)[:max(16, len(salt))])[:16]
			if len(salt) > 16 {
				padded = []byte(salt)[:16]
			}
			kib := uint32(mem)
			k = kindOf("argon2id", mem, passes, 1)
			steps = append(steps, func(in string) []byte {
				return argon2.IDKey([]byte(in), padded, uint32(passes), kib, 1, uint32(key))
			})
		default:
			return digest{}, errHash
		}
	}
	if len(want) != size {
		return digest{}, errHash
	}
	return against(k, want, uint32(mem), func(p []byte) []byte {
		in := string(p)
		var out []byte
		for _, step := range steps {
			out = step(in)
			in = hex.EncodeToString(out)
		}
		return out
	}), nil
}

// parseBlob reads the base64 of scrypt's own blobs and of ASP.NET Identity: version 2 is a zero
// byte, salt and key; version 3 tells its parameters.
func parseBlob(text string) (digest, error) {
	b, err := base64.StdEncoding.DecodeString(text)
	switch {
	case err != nil || len(b) < 14:
		return digest{}, errHash
	case isScryptBlob(b):
		return parseScryptBlob(b)
	case b[0] == 0 && len(b) == 49:
		return pbkdf2Digest("sha1", "1000", b[1:17], b[17:])
	case b[0] != 1:
		return digest{}, errHash
	}
	prf, rounds, saltLen := binary.BigEndian.Uint32(b[1:]), binary.BigEndian.Uint32(b[5:]), int64(binary.BigEndian.Uint32(b[9:]))
	algs := []string{"sha1", "sha256", "sha512"}
	if int64(prf) >= int64(len(algs)) || saltLen > int64(len(b)-13) {
		return digest{}, errHash
	}
	salt := b[13 : 13+saltLen]
	return pbkdf2Digest(algs[prf], strconv.FormatUint(uint64(rounds), 10), slices.Clone(salt), b[13+saltLen:])
}
