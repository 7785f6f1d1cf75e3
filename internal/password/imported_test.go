package password_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"clientele/internal/fault"
	"clientele/internal/password"
	"clientele/internal/system"
)

// published are examples that others published.
var published = []struct {
	name, password string
	hash           password.ImportedHash
}{
	{"phpass", "hashcat", password.ImportedHash{Hash: "$P$984478476IagS59wHZvyQMArzfx58u."}},
	{"Drupal 7", "hashcat", password.ImportedHash{Hash: "$S$C33783772bRXEx1aCsvY.dqgaaSu76XmVlKrW9Qu8IQlvxHlmzLf"}},
	{"crypt MD5", "hashcat", password.ImportedHash{Hash: "$1$28772684$iEwNOgGugqO9.bIz5sk8k/"}},
	{"crypt SHA-256", "hashcat", password.ImportedHash{Hash: "$5$rounds=5000$GX7BopJZJxPc/KEK$le16UF8I2Anb.rOrn22AUPWvzUETDGefUmAV8AZkGcD"}},
	{"crypt SHA-512", "hashcat", password.ImportedHash{Hash: "$6$52450745$k5ka2p8bFuSmoVT1tzOyyuaREkkKBcCNqoDKzYiJL9RaE8yMnPgh2XzzF0NDrUhgrcLwg78xs1w5pJiypEdFX/"}},
	{"crypt SHA-512, Drepper", "Hello world!", password.ImportedHash{Hash: "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"}},
	{"bcrypt", "hashcat", password.ImportedHash{Hash: "$2a$05$LhayLxezLhK1LhWvKxCyLOj0j1u.Kj0jZ0pEmm134uzrQlFvQJLF6"}},
	{"osCommerce", "hashcat", password.ImportedHash{Hash: "374996a5e8a5e57fd97d893f7df79824:36"}},
	{"SSHA", "hashcat", password.ImportedHash{Hash: "{SSHA}AZKja92fbuuB9SpRlHqaoXxbTc43Mzc2MDM1Ng=="}},
	{"SSHA-256", "hashcat", password.ImportedHash{Hash: "{SSHA256}OZiz0cnQ5hgyel3Emh7NCbhBRCQ+HVBwYplQunHYnER7TLuV"}},
	{"Django PBKDF2", "hashcat", password.ImportedHash{Hash: "pbkdf2_sha256$10000$1135411628$bFYX62rfJobJ07VwrUMXfuffLfj2RDM2G6/BrTrUWkE="}},
	{"Django SHA-1", "hashcat", password.ImportedHash{Hash: "sha1$fe76b$02d5916550edf7fc8c886f044887f4b1abf9b013"}},
	{"Django scrypt", "lètmein", password.ImportedHash{Hash: "scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw=="}},
	{"passlib bcrypt-sha256", "password", password.ImportedHash{Hash: "$bcrypt-sha256$v=2,t=2b,r=12$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2"}},
	{"OpenCart", "hashcat", password.ImportedHash{Format: "opencart", Hash: "6e36dcfc6151272c797165fce21e68e7c7737e40", Salt: "472433673"}},
	{"vBulletin", "hashcat", password.ImportedHash{Format: "vbulletin", Hash: "16780ba78d2d5f02f3202901c1b6d975", Salt: "568"}},
	{"md5(password+salt)", "hashcat", password.ImportedHash{Format: "md5:password+salt", Hash: "01dfae6e5d4d90d9892622325959afbe", Salt: "7050461"}},
	{"md5(salt+password)", "hashcat", password.ImportedHash{Format: "prestashop", Hash: "f0fda58630310a6dd91a7d8f0a4ceda2", Salt: "4225637426"}},
	{"md5", "hashcat", password.ImportedHash{Format: "md5:password", Hash: "8743b52063cd84097a65d1633f5c74f5"}},
	{"Kratos SHA-256", "test", password.ImportedHash{Hash: "$sha256$pf=e1NBTFR9e1BBU1NXT1JEfQ==$NW9wbWtnejAzcg==$0gfRVLCvtBCk20udLDEY5vNhujWx7RGjwRIS1ebMsLY="}},
	{"Kratos SHA-1", "test", password.ImportedHash{Hash: "$sha1$pf=JHtQQVNTV09SRH0ke1NBTFR9JA==$NW9wbWtnejAzcg==$iE5n1yjX3oAdxRHwZ4u57I4LpQo="}},
	{"Kratos HMAC", "test", password.ImportedHash{Hash: "$hmac-sha256$ZTAzMWJhMWMyOTM4YjFkMjgzZjkxOWExZGY5YWM2NmMxOTJhN2RkNzQ0MzJkNWZkNGFkYTI5OTk0MWJhMTA5Zg==$MTIzNDU="}},
	{"nopCommerce", computedPassword, password.ImportedHash{Format: "nopcommerce", Hash: "1D441ECEDCEBEB3FB018AB2C7D9CA9A615297E4D404025DF4DBEB7A0B4B3A6E146B1429EB79EC611B942B2BE22F9D97B5563E976FFA69160915DAD44CD557CA8", Salt: "c2FsdA=="}},
	{"nopCommerce before", computedPassword, password.ImportedHash{Format: "nopcommerce-sha1", Hash: "D960E7DF69740C7BA6759097E9A95AEB9471D354", Salt: "c2FsdA=="}},
	{"Firebase", "user1password", password.ImportedHash{Hash: "$firebase-scrypt$ln=14,r=8,sep=Bw==,key=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="}},
	{"Kratos Firebase", "user1password", password.ImportedHash{Hash: "$firescrypt$ln=14,r=8,p=1$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==$Bw==$jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="}},
}

// computed are what the libraries that the formats come from make of one
// password.
const computedPassword = "pässword 7"

var computed = []struct{ name, hash string }{
	{"passlib pbkdf2_sha1", "$pbkdf2$2000$3ds7x1hrDYGQEoKwdu59Dw$8uZn3IUA8ZJznXBir9sca18ivwk"},
	{"passlib pbkdf2_sha256", "$pbkdf2-sha256$2000$OcdYK6U0JuR8by2F0Lp3Dg$eHU6g5Sw1IxhRWwFCE2Tei4L7C0juaf8zzlzkzRT9DY"},
	{"passlib pbkdf2_sha512", "$pbkdf2-sha512$2000$JmRsbS1F6P0/51wrpbTW.g$ghXuNXUxHoTjvqaOovKFwp5cE66JahtMud7uJcBAGIAmzYtdKSqS2WK4d2N0bN.tuSVeOKVk.GgcsgwLYCdkKg"},
	{"passlib scrypt", "$scrypt$ln=10,r=8,p=1$x/h/TynlPIeQck4JIWRsjQ$v4eFBsYqVkjnq0vkJ+0IJQYlLKyjxnIntcOBaOHgG3w"},
	{"passlib phpass", "$P$72/cSsxNbqi3N5zdF0/U07C.6Bxa9L1"},
	{"passlib phpass H", "$H$7bJ4K2CtRMrEcFoN789k0GYG9FmW6//"},
	{"passlib md5crypt", "$1$fs2pHz1h$DukrZgeQwrhH6NZMd8W1P1"},
	{"passlib sha256crypt", "$5$rounds=1500$PlhD3bQ4tiUoI0YM$.BQesLh68CrCE2AXxUeYLoG5B23g/zYO1JpaVDuMA5B"},
	{"passlib sha512crypt", "$6$cuaWIX.hkHZ72S09$g8vbGBCz./D4yUdBMV3ljrXIW0gU9Hx0o8Uw/e9flcdp0VTe8vqoJby8OL1ZAKeyT99HyKRP52SbNLeVxAISC0"},
	{"passlib bcrypt", "$2b$04$AMsbiac35dg4XoAHKlvFfu8ZcLRswHtsAc0c4H/ZU/jvEUaRbg9Qy"},
	{"passlib bcrypt_sha256", "$bcrypt-sha256$v=2,t=2b,r=4$baEdCg0H.et3J2IhBxVJXe$OEXNMRXio2rWsZvsCi1gcybHb.yqZyW"},
	{"passlib ldap", "{SSHA}HnYN1H1Rpjbi2+lQTCT/yt4DSwI1JuS8"},
	{"passlib ldap md5", "{SMD5}CRaIkB59A9ulsAAelswjh2bMmZM="},
	{"argon2i", "$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQxMjM0NTY3OA$4angyecUY1Tk66gO+0VuVR7zKxClOIdxIqJ8qjoo4RQ"},
	{"argon2id", "$argon2id$v=19$m=512,t=3,p=4$c29tZXNhbHQxMjM0NTY3OA$Xp25jqnaNAqjwO1MChyz0xsuFsq/C/Cj"},
	{"django pbkdf2_sha256", "pbkdf2_sha256$1000$seasalt12345$d/SIy+AaVAscmwj6H8pG4zHghd3SUFKAP3LzhnNqRG8="},
	{"django pbkdf2_sha1", "pbkdf2_sha1$1000$seasalt12345$rS4sUllRKnhCnM5KIy17WumygQw="},
	{"django scrypt", "scrypt$1024$seasalt12345$8$1$dg01ie0W3ajBTlLXvjKGGPj2cf8BTvlrs0ot5sSjrCQWSv6TCxYXQCRugOwAmNcU6EX8Z75V5+isZOb1uaDdOg=="},
	{"django bcrypt_sha256", "bcrypt_sha256$$2b$04$4TpXoZoLO8CxiWsF9cYWeO3AgXobr3f9zDKOuCJ1PzdFwoBDpoHgq"},
	{"django bcrypt", "bcrypt$$2b$04$Ix8/6DUelNCgPofj/IAtZuzxzq6Dfjksx2tzzU7X9Yq1viZ9Qx.xS"},
	{"django argon2", "argon2$argon2id$v=19$m=128,t=2,p=1$c2Vhc2FsdDEyMzQ1$JlZedIyXnYsQkWbMV2KnSQ"},
	{"django md5", "md5$seasalt12345$a9eebb583aafa3d2003522c53ca95544"},
	{"werkzeug pbkdf2", "pbkdf2:sha256:1000$3ZyG2AVgvGEuXOac$0f3b538d6c6898a6da8b9c7fa1204ea830c2f354a05c1d66d81c3321a79e5959"},
	{"werkzeug scrypt", "scrypt:1024:8:1$k7Yqb2v0$ced1f58cedee0b73f3f2b3f836ff6f31d9422ad4d3c27402c57047dae8e838a83e55e4f9d32bf5ea042dc5458c2df7b186e2168283c82c7b12543436b6d41b67"},
	{"magento 0", "a41796b074696ed17b5ef14efbfdb15b:abcdefghijklmnopqrstuvwxyz012345:0"},
	{"magento 1", "b112ff663080c10f3bea551fd4c9a80af138bd97a771ed925d540be7c21f27b9:abcdefghijklmnopqrstuvwxyz012345:1"},
	{"magento 2", "fc2d627865445975ecc7e3d9a67363d270ec8c9c4e9b04dfcb01036ea7f8de2f:abcdefghijklmnopqrstuvwxyz012345:2"},
	{"magento 3", "3ac9e125dbb82f1f2bae4b7a5c341441321e00e5126f109b0bc6d9e0b5e6fc38:abcdefghijklmnopqrstuvwxyz012345:3_32_2_8388608"},
	{"magento 0:1", "3e033864a18b1896ee8148566e6a6c244648914278dfec568e4404c14587fc23:abcdefghijklmnopqrstuvwxyz012345:0:1"},
	{"magento 1:2", "12e9d201a360074d8ff05b5947c5da08811056ce432f17818252ad6c5c519bbd:abcdefghijklmnopqrstuvwxyz012345:1:2"},
	{"wordpress 6.8", "$wp$2y$04$5Ip2o/t2hyXKEhm8zTFTVe8yH/hNTq7jPE/QtimYmOQff6SonLP72"},
	{"identity 3", "AQAAAAEAAAPoAAAAEAABAgMEBQYHCAkKCwwNDg/HGI6a7DoaGjkQv7vUP/0d31w0LZmdqh3FIAgyCpD8eA=="},
	{"identity 2", "AAABAgMEBQYHCAkKCwwNDg+AVLLkMwjBOWZrpDLbglf/J6W54ZDXSXLLZvlIoR/Yqw=="},
	{"kratos scrypt", "$scrypt$ln=16384,r=8,p=1$c2Vhc2FsdDFzZWFzYWx0Mg==$aiEbZHDxwhw0fUBEOSJBWMNU1f2IUzV5Kgu820fF3Hs="},
	{"kratos md5", "$md5$Zc3knWPyBx8gGYcvRG1yzw=="},
	{"kratos sha512", "$sha512$pf=JCR7U0FMVH0te1BBU1NXT1JEfS17U0FMVH0=$YWIkYw==$JZG1zyPQmblaBYybWIpLeYr1z/18kkoJknL7f6oPNt2a9FLOOQrW69yVAYBeZ8UNem7nX6MzSXr9P1tDnhAtug=="},
	{"scrypt-kdf", "c2NyeXB0AAoAAAAIAAAAAQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f2kbOtdVzi2/IZeE31Wq1ifGk4PNjcWu5/zgFl6hAAinZdX2xB2g7mWh9zn1IZ8nZ"},
	{"magento bcrypt", "$2b$04$AMsbiac35dg4XoAHKlvFfu8ZcLRswHtsAc0c4H/ZU/jvEUaRbg9Qy:0"},
	{"kratos md5-crypt", "$md5-crypt$fs2pHz1h$DukrZgeQwrhH6NZMd8W1P1"},
	{"kratos sha256-crypt", "$sha256-crypt$rounds=1500$PlhD3bQ4tiUoI0YM$.BQesLh68CrCE2AXxUeYLoG5B23g/zYO1JpaVDuMA5B"},
	{"kratos sha512-crypt", "$sha512-crypt$cuaWIX.hkHZ72S09$g8vbGBCz./D4yUdBMV3ljrXIW0gU9Hx0o8Uw/e9flcdp0VTe8vqoJby8OL1ZAKeyT99HyKRP52SbNLeVxAISC0"},
	{"drupal 7", "$S$6saltsaltlFz6nWOY/MjrzxYm165uauWnRt2e/2rThhS9KRuxnUy"},
	{"drupal 6 to 7", "U$S$6saltsaltkbsJSaFlI/wrkdTKlRDlIrAc7JNnr6dFzt8buMppulx"},
}

// who asks for hashes.
var who = password.Party{StoreID: 1, Name: "192.0.2.1"}

func verify(t *testing.T, p *password.Hasher, h password.ImportedHash, password string) bool {
	t.Helper()
	stored, err := h.Stored()
	if err != nil {
		t.Fatalf("%+v: %v", h, err)
	}
	ok, err := p.Verify(t.Context(), who, stored, password)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func TestImportedHashes(t *testing.T) {
	p := password.New(system.Real())
	for _, v := range published {
		if !verify(t, p, v.hash, v.password) {
			t.Errorf("%s: the password is not found right", v.name)
		}
		if verify(t, p, v.hash, v.password+"x") || verify(t, p, v.hash, "") {
			t.Errorf("%s: a wrong password is found right", v.name)
		}
	}
	for _, v := range computed {
		h := password.ImportedHash{Hash: v.hash}
		if !verify(t, p, h, computedPassword) {
			t.Errorf("%s: the password is not found right", v.name)
		}
		if verify(t, p, h, computedPassword+"x") || verify(t, p, h, "") {
			t.Errorf("%s: a wrong password is found right", v.name)
		}
	}
}

// Of keys of several blocks, which take as many times the rounds, the first block is
// derived where all of them cost too much: Keycloak's SHA-1 has 1,300,000 rounds and 64
// bytes.
func TestLongKeysOfPBKDF2(t *testing.T) {
	p := password.New(system.Real())
	h := password.ImportedHash{Hash: "$pbkdf2$1300000$MDEyMzQ1Njc4OWFiY2RlZg$+nI1VGWoay+osHkyn8OewUVKaCch8+TiugjnzEEtVGe09T5KKZs2IIS1N5lU4YJ4A32Tzg8bXQ37LFBtGU+EeQ"}
	if !verify(t, p, h, computedPassword) {
		t.Error("the password is not found right")
	}
	if verify(t, p, h, computedPassword+"x") {
		t.Error("a wrong password is found right")
	}
}

// Bcrypt reads 72 bytes; the rest never counted.
func TestLongPasswordsOfBcrypt(t *testing.T) {
	p := password.New(system.Real())
	h := password.ImportedHash{Hash: "$2a$05$LhayLxezLhK1LhWvKxCyLOj0j1u.Kj0jZ0pEmm134uzrQlFvQJLF6"}
	if verify(t, p, h, strings.Repeat("hashcat\x00", 20)) {
		t.Log("bcrypt repeats its key")
	}
	if verify(t, p, h, strings.Repeat("x", 200)) {
		t.Error("a long password is found right")
	}
}

// What costs more than a password is worth, or is not of the form, is refused
// when it comes.
func TestRefusedHashes(t *testing.T) {
	const b60 = "LhayLxezLhK1LhWvKxCyLOj0j1u.Kj0jZ0pEmm134uzrQlFvQJLF6"
	for _, h := range []string{
		"", "x", "$", "$$", "password", "8743b52063cd84097a65d1633f5c74f5", "8743b52063cd84097a65d1633f5c74:5", ":", "::", "a:b:c:d:e:f",
		"$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=65536,t=65,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=262144,t=5,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=64,t=0,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=64,t=1,p=256$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=64,t=-1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "$argon2d$v=19$m=64,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$", "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$" + strings.Repeat("A", 900),
		"$2a$15$" + b60, "$2a$31$" + b60, "$2a$03$" + b60, "$2x$05$" + b60, "$2a$05$" + b60[1:], "$2a$+5$" + b60,
		"$P$Z84478476IagS59wHZvyQMArzfx58u.", "$S$Z33783772bRXEx1aCsvY.dqgaaSu76XmVlKrW9Qu8IQlvxHlmzLf", "$P$984478476IagS59wHZvyQMArzfx58u",
		"$6$rounds=999999999$52450745$k5ka2p8bFuSmoVT1tzOyyuaREkkKBcCNqoDKzYiJL9RaE8yMnPgh2XzzF0NDrUhgrcLwg78xs1w5pJiypEdFX/",
		"pbkdf2_sha256$3000000$salt$bFYX62rfJobJ07VwrUMXfuffLfj2RDM2G6/BrTrUWkE=", "pbkdf2_md4$10$salt$bFYX62rfJobJ07VwrUMXfuffLfj2RDM2G6/BrTrUWkE=",
		"pbkdf2_sha256$0$salt$bFYX62rfJobJ07VwrUMXfuffLfj2RDM2G6/BrTrUWkE=",
		"scrypt$1048576$salt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==",
		"scrypt$1000$salt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==",
		"$scrypt$ln=25,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E", "$scrypt$ln=10,r=8,p=100000000$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff:salt:3_32_2_99999999999", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff:salt:3_32_64_268435456",
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff:salt:2:2", "00112233445566778899aabbccddeeff:salt:9",
		"$sha256$pf=e1NBTFR9$NW9wbWtnejAzcg==$0gfRVLCvtBCk20udLDEY5vNhujWx7RGjwRIS1ebMsLY=", "$sha256$e1NBTFR9e1BBU1NXT1JEfQ==$NW9wbWtnejAzcg==$0gfRVLCvtBCk20udLDEY5vNhujWx7RGjwRIS1ebMsLY=",
		"$sha256$pf=e1BBU1NXT1JEfXtQQVNTV09SRH17UEFTU1dPUkR9e1BBU1NXT1JEfXtQQVNTV09SRH17UEFTU1dPUkR9e1BBU1NXT1JEfXtQQVNTV09SRH17UEFTU1dPUkR9$NW9wbWtnejAzcg==$0gfRVLCvtBCk20udLDEY5vNhujWx7RGjwRIS1ebMsLY=", "$sha512$pf=e1NBTFR9e1BBU1NXT1JEfQ==$NW9wbWtnejAzcg==$0gfRVLCvtBCk20udLDEY5vNhujWx7RGjwRIS1ebMsLY=",
		"$hmac-sha256$0gfRVLCvtBCk20udLDEY5vNhujWx7RGjwRIS1ebMsLY=$MTIzNDU=", "$hmac-md4$ZTAzMWJhMWM=$MTIzNDU=", "$hmac-sha256$ZTAzMWJhMWMyOTM4YjFkMjgzZjkxOWExZGY5YWM2NmMxOTJhN2RkNzQ0MzJkNWZkNGFkYTI5OTk0MWJhMTA5Zg==$",
		"$scrypt$ln=16383,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E", "$scrypt$ln=62,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E",
		"$scrypt$ln=1048576,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E", "$2a$05$" + b60 + ":", "$2a$05$" + b60 + ":00", "$2a$05$" + b60 + ":a", "$2a$15$" + b60 + ":0",
		"c2NyeXB0ACgAAAAIAAAAAQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f2kbOtdVzi2/IZeE31Wq1iQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "c2NyeXB0ACgAAAAIAAAAAQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f8NrvdcYoqcBXZpd/xSmCKwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "$pepper$md5$c2FsdA$2a$05$" + b60, "$pepper$password+salt$c2FsdA$2a$15$" + b60, "$pepper$password+salt$c2FsdA$1$x",
		"{SSHA}AAAA", "{CRYPT}AAAA", "AQAAAAEAAAAB", "AQAAAAH/////AAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	} {
		if stored, err := (password.ImportedHash{Hash: h}).Stored(); err == nil {
			t.Errorf("%s is stored as %s", h, stored)
		} else if len(h) > 20 && strings.Contains(err.Error(), h) {
			t.Errorf("%s is repeated in %v", h, err)
		}
	}
	for _, format := range []string{"md5", "md5:", ":password", "crc32:password", "md5:pepper"} {
		if _, err := (password.ImportedHash{Format: format, Hash: "8743b52063cd84097a65d1633f5c74f5"}).Stored(); err == nil {
			t.Errorf("format %q is accepted", format)
		}
	}
	if s, err := (password.ImportedHash{Format: "prestashop", Hash: published[6].hash.Hash, Salt: "key"}).Stored(); err != nil || s != published[6].hash.Hash {
		t.Errorf("a platform's bcrypt: %q, %v", s, err)
	}
}

// A right password is hashed anew by our own algorithm; a wrong one is not
// hashed in vain.
func TestUpgrade(t *testing.T) {
	p := password.New(system.Real())
	ctx := t.Context()
	for _, password := range []string{computedPassword, "wrong"} {
		for _, v := range computed {
			before := p.Work()
			c, err := p.Compare(ctx, who, v.hash, password)
			if err != nil || c.OK != (password == computedPassword) || (c.Newer != "") != c.OK {
				t.Fatalf("%s: %+v, %v", v.name, c, err)
			}
			if (p.Work()-before == 1) != c.OK {
				t.Errorf("%s: %d units of work", v.name, p.Work()-before)
			}
			if !c.OK {
				continue
			}
			before = p.Work()
			again, err := p.Compare(ctx, who, c.Newer, password)
			if !again.OK || again.Newer != "" || err != nil || p.Work()-before != 1 {
				t.Fatalf("%s: the new hash: %+v, %v", v.name, again, err)
			}
		}
		for _, none := range []string{"", "no hash"} {
			before := p.Work()
			if c, err := p.Compare(ctx, who, none, password); c.OK || c.Newer != "" || err != nil || p.Work()-before != 1 {
				t.Errorf("nobody: %+v, %v", c, err)
			}
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := p.Compare(ended, who, "", "x"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestPasswordRules(t *testing.T) {
	strict := password.Rules{MinLength: 10, Lower: true, Upper: true, Numbers: true, MinNumbers: 2, Special: true, MinSpecial: 2}
	for password, want := range map[string]int{
		"Abcdef12!?": 0, "abcdef12!?": 1, "ABCDEF12!?": 1, "Abcdefg1!?": 1, "Abcdefg12!": 1, "Ab12!?": 1, "": 5, "Ünïcode 12!": 0, strings.Repeat("Ab1!2?", 50): 1, "\xff": 1,
	} {
		if got := strict.Check(password); len(got) != want {
			t.Errorf("%q: %v", password, got)
		}
	}
	for text, want := range map[string]fault.Reason{
		"abcdef7": "", "abcdef": password.WhyShort, "abcdefg": password.WhyLettersAndDigits, "1234567": password.WhyLettersAndDigits,
	} {
		got := fault.Reason("")
		if it := password.Check(text); it != nil {
			got = it.Why
		}
		if got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
	if got := (password.Rules{MinLength: 1}).Check("x"); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func FuzzImportedHash(f *testing.F) {
	for _, v := range published {
		f.Add(v.hash.Hash, v.hash.Format, v.hash.Salt)
	}
	for _, v := range computed {
		f.Add(v.hash, "", "")
	}
	f.Fuzz(func(t *testing.T, text, format, salt string) {
		stored, err := (password.ImportedHash{Hash: text, Format: format, Salt: salt}).Stored()
		if err != nil {
			return
		}
		again, err := (password.ImportedHash{Hash: stored}).Stored()
		if err != nil || again != stored {
			t.Fatalf("%q is stored as %q, which is %q, %v", text, stored, again, err)
		}
	})
}

// A pepper is hashed with the password, before or behind it.
func TestPepperedBcrypt(t *testing.T) {
	p := password.New(system.Real())
	for format, hashed := range map[string]string{"devise": computedPassword + "pepper", "bcrypt:password+salt": computedPassword + "pepper", "bcrypt:salt+password": "pepper" + computedPassword} {
		text, err := bcrypt.GenerateFromPassword([]byte(hashed), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		for _, tail := range []string{"", ":0"} {
			h := password.ImportedHash{Format: format, Hash: string(text) + tail, Salt: "pepper"}
			if !verify(t, p, h, computedPassword) || verify(t, p, h, hashed) || verify(t, p, h, "") {
				t.Errorf("%s%s is not right for its password alone", format, tail)
			}
			h.Salt = "other"
			if verify(t, p, h, computedPassword) {
				t.Errorf("%s%s is right with another pepper", format, tail)
			}
		}
	}
	for _, h := range []password.ImportedHash{{Format: "devise", Hash: "x"}, {Format: "devise", Hash: "8743b52063cd84097a65d1633f5c74f5"}, {Format: "bcrypt:hmac", Hash: "x"}, {Format: "devise", Hash: "$2a$05$LhayLxezLhK1LhWvKxCyLOj0j1u.Kj0jZ0pEmm134uzrQlFvQJLF6", Salt: strings.Repeat("x", 300)}} {
		if stored, err := h.Stored(); err == nil {
			t.Errorf("%+v is stored as %s", h, stored)
		}
	}
}
