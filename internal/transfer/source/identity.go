package source

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/bits"
	"regexp"
	"strconv"
	"strings"

	"clientele/internal/password"
	"clientele/internal/transfer/table"
)

// Exports of systems that only keep who may sign in. Their hashes are told in parts:
// a Format's Hash puts them together in a form that package password checks.

// HashPart is a part of a password hash, by the name of the column's target.
const HashPart Field = "password_hash_part"

// parts are what a record tells of its hash.
type hashParts map[string]string

// identities are the formats. Most are JSON.
var identities = []*Format{
	{
		Name: "auth0", Kind: Customers, Hash: auth0Hash,
		Signs: [][]string{{"user_id", "email", "email_verified"}, {"email", "passwordHash", "tenant"}, {"email", "custom_password_hash.algorithm"}, {"email", "password_hash", "email_verified"}, {"_id.$oid", "email", "passwordHash"}},
		Columns: columns("email", Email, "given_name", FirstName, "family_name", LastName, "name", FullName, "phone_number", Phone, "created_at", DateCreated, "password_hash|passwordhash", PasswordHash, "blocked", Blocked,
			"user_id|username|nickname|picture|email_verified|phone_verified|updated_at|last_login|last_ip|logins_count|identities|tenant|connection|_tmp_is_unique|_id.$oid|version|last_password_reset|multifactor|password_set_date.$date", Left),
		Patterns: []Pattern{{Match: regexp.MustCompile(`^custom_password_hash\.(?P<name>.+)$`), Field: HashPart}},
	},
	{
		Name: "firebase", Kind: Customers, Hash: firebaseHash, HashConfig: true,
		Signs: [][]string{{"localId", "email"}, {"UID", "Email", "Password Hash", "Password Salt"}},
		Columns: and(columns("email", Email, "displayname|name", FullName, "phonenumber|phone number", Phone, "createdat|user creation time", DateCreated, "disabled", Blocked,
			"localid|uid|emailverified|email verified|photourl|photo url|lastsignedinat|last sign-in time|lastlogin|last refresh time|validsince|provideruserinfo|customattributes|screenname|version", Left),
			map[string]Target{
				"passwordhash": {Field: HashPart, Name: "hash"}, "password hash": {Field: HashPart, Name: "hash"},
				"salt": {Field: HashPart, Name: "salt"}, "password salt": {Field: HashPart, Name: "salt"},
			}),
	},
	{
		Name: "keycloak", Kind: Customers, Hash: keycloakHash,
		Signs: [][]string{{"username", "email", "createdTimestamp"}, {"username", "email", "enabled"}, {"email", "credentials", "enabled"}},
		Columns: and(columns("email", Email, "firstname", FirstName, "lastname", LastName, "createdtimestamp", DateCreated, "attributes.phone|attributes.phonenumber|attributes.phone_number|attributes.mobile", Phone, "enabled", Enabled,
			"id|username|emailverified|totp|self|origin|disableablecredentialtypes|requiredactions|realmroles|groups|notbefore|federatedidentities|serviceaccountclientid", Left),
			map[string]Target{"credentials": {Field: HashPart, Name: "credentials"}}),
		Patterns: []Pattern{{Match: regexp.MustCompile(`^clientroles\..+$`), Field: Left}},
	},
	{
		Name: "okta", Kind: Customers, Hash: oktaHash,
		Signs: [][]string{{"profile.email", "profile.login"}, {"profile.email", "status"}},
		Columns: columns("profile.email", Email, "profile.firstname", FirstName, "profile.lastname", LastName, "profile.displayname", FullName, "profile.mobilephone", Phone, "profile.primaryphone", Phone,
			"profile.organization", Company, "created", DateCreated, "status", Enabled,
			"id|activated|statuschanged|lastlogin|lastupdated|passwordchanged|profile.login|profile.secondemail|type.id|credentials.provider.type|credentials.provider.name", Left),
		Patterns: []Pattern{{Match: regexp.MustCompile(`^credentials\.password\.hash\.(?P<name>.+)$`), Field: HashPart}, {Match: regexp.MustCompile(`^_links\..+$`), Field: Left}},
	},
	{
		Name: "kratos", Kind: Customers,
		Signs: [][]string{{"schema_id", "traits.email"}, {"traits.email", "state"}, {"schema_id", "credentials.password.config.hashed_password"}},
		Columns: columns("traits.email", Email, "traits.name.first|traits.first_name|traits.firstname|traits.given_name|traits.name.given", FirstName, "traits.name.last|traits.last_name|traits.lastname|traits.family_name|traits.name.family", LastName,
			"traits.name|traits.full_name", FullName, "traits.phone|traits.phone_number", Phone, "traits.company", Company, "created_at", DateCreated, "credentials.password.config.hashed_password", PasswordHash, "state", Enabled,
			"id|schema_id|schema_url|state_changed_at|updated_at|verifiable_addresses|recovery_addresses|organization_id|external_id|credentials.password.type|credentials.password.identifiers|credentials.password.version|credentials.password.created_at|credentials.password.updated_at", Left),
	},
}

// Headless returns the names of columns of a file without a header, by what stands
// in its first row, if a system is known to write such files.
func Headless(first []string) (names []string, ok bool) {
	// A header that was made of a row has a name in place of an empty cell, and its
	// values once each: "false" may be "false (2)". What is empty at the end of the row
	// is missing, but need not be in the next one.
	if len(first) < 23 || len(first) > len(firebaseColumns) || first[1] != table.Nameless(1) && !strings.Contains(first[1], "@") {
		return nil, false
	}
	if v, _, _ := strings.Cut(first[2], " "); v != "true" && v != "false" {
		return nil, false
	}
	return firebaseColumns, true
}

// firebaseColumns are those of "firebase auth:export FILE.csv", which has no header.
var firebaseColumns = []string{
	"UID", "Email", "Email Verified", "Password Hash", "Password Salt", "Name", "Photo URL",
	"Google ID", "Google Email", "Google Display Name", "Google Photo URL", "Facebook ID", "Facebook Email", "Facebook Display Name", "Facebook Photo URL",
	"Twitter ID", "Twitter Email", "Twitter Display Name", "Twitter Photo URL", "GitHub ID", "GitHub Email", "GitHub Display Name", "GitHub Photo URL",
	"User Creation Time", "Last Sign-In Time", "Phone Number", "Disabled", "Custom Attributes",
}

// encoded decodes a text that is utf8, hex or base64.
func encoded(text, encoding string) (string, bool) {
	switch strings.ToLower(encoding) {
	case "", "utf8":
		return text, true
	case "hex":
		b, err := hex.DecodeString(text)
		return string(b), err == nil
	case "base64":
		b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(text), "="))
		return string(b), err == nil
	}
	return "", false
}

// plain is a digest of a password with a salt before or behind it.
func plain(algorithm, digest, salt string, behind bool) password.ImportedHash {
	recipe := "password"
	switch {
	case salt == "":
	case behind:
		recipe = "password+salt"
	default:
		recipe = "salt+password"
	}
	return password.ImportedHash{Format: algorithm + ":" + recipe, Hash: hex.EncodeToString([]byte(digest)), Salt: salt}
}

// auth0Hash reads custom_password_hash.
func auth0Hash(p hashParts, _ *Settings) (h password.ImportedHash, ok bool) {
	algorithm, value := strings.ToLower(p["algorithm"]), p["hash.value"]
	switch strings.ToLower(p["password.encoding"]) {
	case "", "utf8", "ascii":
	default:
		return h, false
	}
	digest, good := encoded(value, p["hash.encoding"])
	salt, salted := encoded(p["salt.value"], p["salt.encoding"])
	switch algorithm {
	case "argon2", "bcrypt", "pbkdf2", "ldap":
		return password.ImportedHash{Hash: value}, true
	case "scrypt":
		if strings.HasPrefix(value, "$") { // it tells all by itself
			return password.ImportedHash{Hash: value}, true
		}
		h, ok = scryptOf(digest, salt, p)
		return h, ok && good && salted
	case "md5", "sha1", "sha256", "sha512":
		return plain(algorithm, digest, salt, p["salt.position"] == "suffix"), good && salted && p["hash.encoding"] != "utf8"
	case "hmac":
		key, keyed := encoded(p["hash.key.value"], p["hash.key.encoding"])
		return password.ImportedHash{Format: strings.ToLower(p["hash.digest"]) + ":hmac", Hash: hex.EncodeToString([]byte(digest)), Salt: key}, good && keyed && p["salt.value"] == ""
	}
	return h, false
}

// scryptOf is a hash whose costs stand beside it.
func scryptOf(digest, salt string, p hashParts) (h password.ImportedHash, ok bool) {
	cost, err := strconv.ParseUint(cmp.Or(p["cost"], "16384"), 10, 31)
	if err != nil || bits.OnesCount64(cost) != 1 || p["keylen"] != "" && p["keylen"] != strconv.Itoa(len(digest)) {
		return h, false
	}
	b64 := base64.RawStdEncoding.EncodeToString
	return password.ImportedHash{Hash: fmt.Sprintf("$scrypt$ln=%d,r=%s,p=%s$%s$%s", bits.TrailingZeros64(cost), cmp.Or(p["blocksize"], "8"), cmp.Or(p["parallelization"], "1"), b64([]byte(salt)), b64([]byte(digest)))}, true
}

// FirebaseHash are the parameters of a Firebase project's hashes, which its console
// shows and its exports do not have.
type FirebaseHash struct {
	Key       string `json:"key"`
	Separator string `json:"separator"`
	Rounds    int    `json:"rounds"`
	Memory    int    `json:"memory"`
}

var firebaseParameter = regexp.MustCompile(`"?(algorithm|base64_signer_key|base64_salt_separator|rounds|mem_cost)"?\s*[:=]\s*"?([A-Za-z0-9+/=_-]*)"?`)

// ParseFirebaseHash reads the parameters as Firebase's console shows them.
func ParseFirebaseHash(text string) (*FirebaseHash, error) {
	of := map[string]string{}
	for _, m := range firebaseParameter.FindAllStringSubmatch(text, -1) {
		of[m[1]] = m[2]
	}
	h := &FirebaseHash{Key: of["base64_signer_key"], Separator: of["base64_salt_separator"]}
	var err1, err2 error
	h.Rounds, err1 = strconv.Atoi(of["rounds"])
	h.Memory, err2 = strconv.Atoi(of["mem_cost"])
	if a := of["algorithm"]; a != "" && a != "SCRYPT" || h.Key == "" || err1 != nil || err2 != nil {
		return nil, fmt.Errorf("these are no parameters of Firebase's hashes: base64_signer_key, base64_salt_separator, rounds and mem_cost are needed, of the algorithm SCRYPT")
	}
	return h, nil
}

func firebaseHash(p hashParts, s *Settings) (h password.ImportedHash, ok bool) {
	f := s.Firebase
	if f == nil || p["hash"] == "" {
		return h, false
	}
	b64 := func(text string) string {
		return strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(text), "=")
	}
	return password.ImportedHash{Hash: fmt.Sprintf("$firebase-scrypt$ln=%d,r=%d,sep=%s,key=%s$%s$%s", f.Memory, f.Rounds, b64(f.Separator), b64(f.Key), b64(p["salt"]), b64(p["hash"]))}, true
}

// keycloakHash reads a user's credentials, of which the first password counts. What
// is secret and what is not are texts of JSON in it.
func keycloakHash(p hashParts, _ *Settings) (h password.ImportedHash, ok bool) {
	var all []struct {
		Type, SecretData, CredentialData string
		// Of versions before 8.
		HashedSaltedValue, Salt, Algorithm string
		HashIterations                     int
	}
	if json.Unmarshal([]byte(p["credentials"]), &all) != nil {
		return h, false
	}
	for _, c := range all {
		if c.Type != "password" {
			continue
		}
		var secret struct{ Value, Salt string }
		var how struct {
			HashIterations       int
			Algorithm            string
			AdditionalParameters map[string][]string
		}
		if c.SecretData == "" {
			secret.Value, secret.Salt, how.Algorithm, how.HashIterations = c.HashedSaltedValue, c.Salt, c.Algorithm, c.HashIterations
		} else if json.Unmarshal([]byte(c.SecretData), &secret) != nil || json.Unmarshal([]byte(c.CredentialData), &how) != nil {
			return h, false
		}
		more := func(name, initial string) string {
			if v := how.AdditionalParameters[name]; len(v) > 0 {
				return v[0]
			}
			return initial
		}
		value, salt := strings.TrimRight(secret.Value, "="), strings.TrimRight(secret.Salt, "=")
		switch {
		case strings.HasPrefix(secret.Value, "$"): // it tells all by itself
			return password.ImportedHash{Hash: secret.Value}, true
		case how.Algorithm == "argon2":
			version := more("version", "1.3")
			if version != "1.3" {
				return h, false
			}
			return password.ImportedHash{Hash: fmt.Sprintf("$argon2%s$v=19$m=%s,t=%d,p=%s$%s$%s", more("type", "id"), more("memory", "7168"), how.HashIterations, more("parallelism", "1"), salt, value)}, true
		case how.Algorithm == "pbkdf2":
			return password.ImportedHash{Hash: fmt.Sprintf("$pbkdf2$%d$%s$%s", how.HashIterations, salt, value)}, true
		case strings.HasPrefix(how.Algorithm, "pbkdf2-"):
			return password.ImportedHash{Hash: fmt.Sprintf("$%s$%d$%s$%s", how.Algorithm, how.HashIterations, salt, value)}, true
		}
		return h, false
	}
	return h, len(all) == 0
}

// oktaHash reads a hash whose bcrypt is in pieces.
func oktaHash(p hashParts, _ *Settings) (h password.ImportedHash, ok bool) {
	value, good := encoded(p["value"], "base64")
	salt, salted := encoded(p["salt"], "base64")
	switch algorithm := strings.ToUpper(p["algorithm"]); algorithm {
	case "BCRYPT":
		cost, err := strconv.Atoi(p["workFactor"])
		if err != nil {
			cost, err = strconv.Atoi(p["workfactor"])
		}
		return password.ImportedHash{Hash: fmt.Sprintf("$2a$%02d$%s%s", cost, p["salt"], p["value"])}, err == nil
	case "SHA-512", "SHA-256", "SHA-1", "MD5":
		order := strings.ToUpper(p["saltOrder"] + p["saltorder"])
		return plain(strings.ToLower(strings.ReplaceAll(algorithm, "-", "")), value, salt, order == "POSTFIX"), good && salted
	case "PBKDF2":
		digest := strings.ToLower(strings.TrimSuffix(p["digestAlgorithm"]+p["digestalgorithm"], "_HMAC"))
		return password.ImportedHash{Hash: fmt.Sprintf("$pbkdf2-%s$%s$%s$%s", digest, p["iterationCount"]+p["iterationcount"], strings.TrimRight(p["salt"], "="), strings.TrimRight(p["value"], "="))}, good && salted
	}
	return h, false
}
