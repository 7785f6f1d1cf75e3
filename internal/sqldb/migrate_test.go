package sqldb_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
	"clientele/internal/store"
	"clientele/internal/system"
)

// A migration that has landed is never edited: databases remember the
// checksum. Add a line for a new one.
var landed = map[sqldb.Engine][]string{
	sqldb.SQLite: {
		"1 customers 8093c0c290f03697f004fbe349b81057a14e82bc2770a7b463b1c5c2a82c3439",
		"2 forms b7a4ee4e65cde2a0c1d349de63e8a0fff3b39cc6488a2f9949fb1830497ea400",
		"3 subscribers_segments 5e8b0865e2053ec934cdfb5c919dcba926b90015b8ab09d033111bfd060a93e8",
		"4 v2 a43cc3c103025bbc603c3a5ad6bcb2eb8ca3ee30955e71d5bbd246aab1aa1338",
		"5 apps_and_channels ba3a43b11c0ee1087d37e551b8373960527aa60107839817ff0dc662fece9c93",
		"6 chosen_groups 87f8694eb991aaf3410a6c01341f45a4d607eeef35464e1ba60f89f2a8c2b8b7",
		"7 webhooks 189045609bd0bf68e67127124820f88cd1153c49331716ab94cbaea250ae62be",
		"8 accounts 5965eb3a4a7088526088e98e3cf348970001c079b023b20a390f65474ed9aba6",
		"9 tokens 4c0d8740a16a879365f0cab986c3e271f4355f72803f2e4c2f87f636428977d5",
		"10 jobsmail 6815f137b30dacf76caf1a97170612e543134cd539b8e3aa2e6da08c6f8ee411",
		"11 deliveries aab583b83f5ac1746369ad61e77497b05908a7c6603b91fea9053db90cab327d",
		"12 wishlists 73b6df5633d26a492555b95ac1400840cb11e29571bcf381fe7b3f2ca7707f0d",
		"13 site_hosts 09ae28ede76c61becb46014ef971de26456a5072a710811fc78c2e00da282171",
		"14 storefront_tokens b27a02e9f276f62d08ad1c549f39103e0ab40772b9febfda69eb9be4b8c1a7c0",
		"15 health 4a66654ed4904b39b3f986e4b2cd24237259f56b6e0e0f22a6b161d0419361fc",
		"16 attempts 88e18d2d5518f70959796936238c09d76d9e7cc9dc2ccc9d2b3db76cfd6a60ef",
		"17 imported_hashes b8e9c2591002381ff8930909161273d8027b490e723df7076aaec1068e2ba300",
		"18 email_keys 6dbaea3d274ba4d59892d7adf48977978886872543d217880b05da58dafbbbbd",
		"19 held_back d42c45724fdc977eea580ce919c1c209daf186ce0a3b0aad982f3208fe5ce4f5",
		"20 customer_locales 01be888184754106fd6c52b672a2e41f179a728f862a9c709121b28cdaf5e99d",
		"21 form_translations 450459461323b10f1c506528f6feb18ebe2090380269e71541f1a259eeaac8c7",
		"22 price_lists 5d2fa0d70e7bd4cc111d724f881d4854214b3ea623fe4c4bb1175b29e756ca28",
		"23 site_routes cdbd7e6fead70a1f0d5bb9c5e16270d9ef833008d9d2117a87d9f20dcf2983e3",
		"24 checkout_settings 235dcab610e010cf27af73e3dc3094e11ed68edd1d7c69880b3b06442e9d25bf",
		"25 companies d420630c9a048b4a6adea5fa0828eac15e0be46b19625898757367a49dc8b6ac",
		"26 email_templates 53591fbc36038555ecdf43220db8bd2be0de5132e5f3894522377438bbdd6eb2",
		"27 products 5a1c89848c6e4628e476a074e434b55cad89d4aa20e98010dbf76a6e6a600460",
		"28 orders c6c40e55655805d6e15517f56923e9ce1179531fb476a275b5eba2c48752c8d5",
		"29 idempotency_keys c06ad28c8102af64c08090de23047efebe02e028f0adb0d4291db0b7ddbc32c2",
		"30 secrets 06754baaf7f5cbdc82434c0b1c31b57eb6f074728232fddeb23817f880d57470",
		"31 credit e1f368a66b55dba4a841718575e8c0f9d1fdca79abe28c07035a3d89b89771c7",
		"32 history b90a8d76c02ae6596bf2d60022e08697b7812a8be3fb7dfcefe552f86569ac0c",
		"33 search 14038ad1b9c1b73ebcef8b3c2610a8333c5439fbd3a3ef2006d1b3aa4ab812f5",
		"34 totals 6f17b05e96ec6d00ad80e768dab2945f90d51d35803546a09cb37429d9611784",
		"35 history_marks 56417469a7cc6c4f4de2da79e5f557c67a1ffe69e3796b3f5a4d3eebafb5fc71",
		"36 persons 105ab57942bd6117bfffdf421399787b4205df73f8a5337e9ae2c6dacb152b2b",
		"37 impersonations b1ce8365fe8cde6dfab9e2d4f9713e97501199d61f4e3fe8e494d381292c71ef",
		"38 consent_proof b4d37f67a6702d3a1de35b0b555c749fef61ae02ff87d4d7ae50b7390639cad1",
		"39 rules 2195c444751c4d8c5609d8a82186be18b52be4a636f971c01df7a51e01e93e15",
		"40 staff 4f99346c802e264ac3ae0d670a649979ba75e747d7e5c25dbd8e882c7dd51a46",
		"41 figures cb0264092f3c670fc4870378ba70942663f766f0c6c251d2017a980594a42151",
		"42 desk 43408ffae70b13688ba26d26225386fc0276a4c7cadf7d5fb5fb6394b0620156",
		"43 imports 79aa291b6f59e153cf730058593cbf3ec70f8e46822f090675d22870fffb124b",
		"44 names 8fb34242ccede0bea0716d65490660e48c86fc45abd5b2f21edb88ca87dd3dff",
		"45 list_totals b79d09517567cfea9c5320f0000b0a17809e1a9000db4666ccf8266609a46927",
		"46 attention 02f0a7d2b40c08eb89b188266a25611aa504ff2a9c77deeafcbd46fa99d6903e",
		"47 archived 03a5aad314633a3ccc9cd7c3afae9c979a2baa26d4dc7e5671fbfacd4fdd2720",
		"48 snapshots 195d38031cd2db6d073188512aab902cdffe1ba055dbd9455a1b7cc892ce5b4e",
		"49 import_files 202fc3dc427acb8cd60086aa99575b01e24614bf0d9aff218dea1a984780da1d",
		"50 bundles 810d251274e7070ab1b2430c20520a54b581ba77916380b82be1050b53b78817",
		"51 exports efcf6fe05099f5bd76c8147644d285d1b43973cfd0b42412a181e7750387429e",
		"52 mirrors e8147e2e58e2ee66dbb1efec0b00d6533c0a696e8830ad80201f8ba3b5726b0a",
		"53 password_invites 0cc0028383d4a8c8a335f4f240b20c12f153eb076b1fa1daefcf72ce77c9b0b1",
		"54 bulk a9bc5192b9c196b9e1815d9ab09cf9bcb200a7885692d427be1a22e6b9de5be1",
		"55 consents f612119bb9936e7854b8a660467e11982797681f29426ec1ba11ef40c19427b4",
		"56 account_tokens 0bfddb2cbd6ab293fc4c271c102966bc7a6be8f901913b6f77de6e1599266a2f",
		"57 person_requests 706a8bc4caa9abb0a45b71c2b02b1d5fac7b24a409b90f90e2455a4ea5f60a70",
		"58 merges 7f5463f7b93e6672c78e03c21939d38add4142667716719351bde68467d6bc35",
		"59 duplicates 29cc50bae90f11d33b7b9d4fa40eefca103170a932aa383e52a64698feccb2fa",
		"60 logos dd579970b3ee2256a345359f689d5716990070337f4d9b8a7ca5309b59235e31",
		"61 processes 8fca179d45aa51f02c436d714d3cb79a9447f224c4d8d3c3122861b84650d370",
		"62 field_hints d88deb9e8cd0bba167b83a7d6cab7e726539e31c4085583fb5f90c026fc263be",
		"63 stores_for_tests 40cbfd236e4baa749057c0bf254ea659f9e2cc8307d36ae88882b4f23e6bcc84",
		"64 import_changes 6205d95790640a2155e8d33d930ea4ef07dd2821003fbac0b79d073b3b589601",
		"65 laps f2ecfde80a299bad8aaa40d349884f68e3ebff7703835a517d8ffb49105cb52b",
		"66 pruned 0d9e08aafba1d73efa2b8e4442f7bf749dcb7276d3921529b619a8d237fd184c",
	},
	sqldb.Postgres: {
		"1 customers e8f9af51d2475f34dbbc10398cac4e557110158e85320faa9be35233e2a31ddf",
		"2 forms 3bd0e544eb320c8dcc5d9faab31d3d1ac5e2d787aa6ff2c642f13a1d00708bc4",
		"3 subscribers_segments 5330976234ce21450d7d1ebb263583d29a19ec422403b04a7836f1f07ce62216",
		"4 v2 db746867dfcc72b7821a5cddc6f6d178e3bfe8c2bba78ad32f99725b79af9bf3",
		"5 apps_and_channels 233e3aeeb57ecf50fcd8de635b7ff17a9d0317cc2cfe2f407b09312bc949f4f6",
		"6 chosen_groups 87f8694eb991aaf3410a6c01341f45a4d607eeef35464e1ba60f89f2a8c2b8b7",
		"7 webhooks d3f40db4f28179733017e9aba09289e5fac679ade874fd201a69d15c202e20f6",
		"8 accounts 0af7bc5ad48f483a264a8f52b936af79db14451d292be34445733616a43ced34",
		"9 tokens c57c1eca9a00d314fc5c1b07eb9cd7afe6155dbf83e36113bcbd3c158d4a476d",
		"10 jobsmail 5eff480318a754d780f9ab6ccdde68e8e6a80c217aca5faabaaa93fd19fa63c1",
		"11 deliveries 2b8ab09604a5685b23bd6355ba46687fcf1b794157b515ae24a064d8193983a6",
		"12 wishlists 0693b2249c1b595e4d82abc5c8bdad459b4598ccc6017d9a747b47970ea988de",
		"13 site_hosts e097196ef286c882671c8943aad089ab78c8d3d0172cc3b9643405f8c73c66d8",
		"14 storefront_tokens dfd3ff207418215e2c5cea49878365518ff9051b4f341e3b0efd1325dfc56a7a",
		"15 health 2a6924db5b3a6f77655ee30a9feca00e625e962115cc1c2630fe05935276f7fd",
		"16 attempts bba4996383ad26023a2428d5b185bf6041b2043e91792dbae2f50b0df0cf5d48",
		"17 imported_hashes 2458b28b62844af211a100063daadeaf49c1a466757617d5de0904e4163b4ea6",
		"18 email_keys 245682d96d4af6eb472c05bf8b85a5e5c1773b94f09fea9eaa140b9c753afd29",
		"19 held_back 378d45b2bc3867e818016c7c9b23de20e8d12ceecf8afb11135c2533891626ba",
		"20 customer_locales f7c74dee67ea08b352205ff350e5b12c6b1c7872fd871c651c6561d59c838677",
		"21 form_translations e449392c579278f5fe1b9d2e8a1816f331dd863008e154fe623b61f82ad70668",
		"22 price_lists eca6e3cdef60f7ee208a3446070fa288079cba3e593f38b8589f62de1db42207",
		"23 site_routes 265e31e9e8a920d7650fcaf428a1c4d1c76ff392fbc58e9d2c5e2c11ca745496",
		"24 checkout_settings 8a2ea74c4517e0e80fc6ad8ed14932147a1abb66bcf56e46c0d6d23b2a1bbcd7",
		"25 companies 0c477df9dd291353c6ae361230ec7f2ef84113cb8eede8b2fd4a2d230e9d3cdd",
		"26 email_templates 071ad1a925a72264a0fe129d3d9e332504660d1ae0de1ac1e69c4cb43a34038c",
		"27 products 2d3531ff63e45e64343a09d356b2793a0ee0606cf14fe36cf8dfce82da0e528f",
		"28 orders df48b97b7c7f281e8c83f6fd0a35f1db9baee06a36793db1d130f1bbdf9107fd",
		"29 idempotency_keys 982205b0524dd923c8e06035f56c2c7b7462e30d069e2111570b21924e50f094",
		"30 secrets a4f673eea68c2a17502d32326b7f4e02ae38d109a8e3fe45accf23d7ba1c27b5",
		"31 credit e4f050c5c3bbeaf9b9a1beec0e0eee4f38dcc43fce6a85483f74d448581ad183",
		"32 history 15b5299195b455acc475ba399eca89cac65ac1ce5b441594005590da7233b95b",
		"33 search 1c3d10c8a6d8a2915f063cfd66afd798a885563bf02d1a933640290efdaa4bb9",
		"34 totals 6735aead2a26506b8bef2f0d1785683839a999cdffea9403f52f6a8c1495978f",
		"35 history_marks 2ef078794c8486faa4103bde9cab1fce0272f2aaf2e7b655cf2606ee62e3ee1c",
		"36 persons fd106352bc026cf6ea56d909d011b3f3a2c65f59aa59da442005d9d4cd40ec0c",
		"37 impersonations b186932f0bdaf2b54e7ac65a3986d0ba6f2d765e4cb2ad01e0f69d8c1508efcb",
		"38 consent_proof e23f020d3ba7ff0fef69637e5fae578de4490af44f8cce1caeee234f4aab8483",
		"39 rules ee628db51275bdfc179feff4075fd63a2596437c3e5c0d03b17352a12c236956",
		"40 staff aee96877d8df819f4becd0bb57e5785f7c0fdcae49f4e217d6989278848f272b",
		"41 figures 7f0b1140af9cd860f0115f25bec8da513f56285ca3d58d07175d002941df7cd1",
		"42 desk 079afb80f613f1bb4a95b93876ee71c77b8d314e6db1b889177598387b3ce4db",
		"43 imports 39514f82649efde85f2dbd6a306d444a1dfe95683c29eab1a32c831031206ae5",
		"44 names cfb646e99386a219d100a7a023a7007cafadc4257511350c8f7e5eb80034bbbe",
		"45 list_totals f1e0448db1d2d6d1fe9b30188cc591cf5b369393b1347a34600f31b7298604c1",
		"46 attention 871d2991c4ee2d7dc2a39871f7880bc12d94c2fb152a1ac157ceb640485ad0b9",
		"47 archived 35ed337f948f76a222041c5e2e72f9a4eacb4c46f3c47a74ff35eb2da71edde6",
		"48 snapshots ae0da25d4747bc715e6c47a08acc2d7de67694889b4f5961d6b7b195c940f140",
		"49 import_files b0cd997eb7e61780d8107143325d369728c079f1cfd4908c126a767e3404a9bb",
		"50 bundles c3e7eeee8dadffc15d8701e97a5a0b1f3fd06654c1774e544c436d4699cfb5cb",
		"51 exports d6f82d4e5360206f38293d7bad4bb8a5ceddc33492ce5a8fff9a9493154bb942",
		"52 mirrors 65a6b5058023f960103d672fc521ecb881428ef090aa0f46b0625c38a9f7233b",
		"53 password_invites 14fa8d6ad0b58f41c1fd8abb59dd96238a0c7ee65e827a8202c277a56a31b13c",
		"54 bulk 667c5f78b12b2e97e15cf733ba75eef4fbf0f5a03cfe4e5506ecc16435901d39",
		"55 consents 27ab53b4f51726c2625231127dbca9f41ca5dd3a4b83c1f0d0fbf01dd5e6351c",
		"56 account_tokens b452dcf26407227043eeb58b02dbef726624d4a82beaff1711590380c9de29c0",
		"57 person_requests 8de24dc57224ed5dc524c3aac67edbd01b45731d9b7b82e58f2aa38cba2fd793",
		"58 merges a8af2c049dc36b160500dca14ab84337cea9b0875004258d28a09ad6c09c975e",
		"59 duplicates 3c8115c2621adf0a0c8745162e5394cbb0cf8e629bc56bdc18477b2cec88c0a6",
		"60 logos b43d4ab50a2b8b8a068ace0590fba4a9559ad399d1674884872398913fc50f95",
		"61 processes 25c7f4ccfd79c3e5174164d3a9f5c06f6adff9b0f949ac9b223fa471736bbdf4",
		"62 field_hints d88deb9e8cd0bba167b83a7d6cab7e726539e31c4085583fb5f90c026fc263be",
		"63 stores_for_tests a8fbda5cd63d721d3d4b44094e0342ba5598429e5f0b7829f413862b8783872b",
		"64 import_changes 2688efb095d9e281498652c300f3733c71eb5823f12c1f103b28279ce23e95ee",
		"65 laps 20a978f901471665e6ba5c8021ce127a7e161521c20bcbec676d1ecca552c438",
		"66 pruned 0d9e08aafba1d73efa2b8e4442f7bf749dcb7276d3921529b619a8d237fd184c",
	},
}

func TestLandedMigrationsAreUnchanged(t *testing.T) {
	for e, want := range landed {
		ms, err := sqldb.Migrations(e)
		if err != nil {
			t.Fatal(err)
		}
		if len(ms) != len(want) {
			t.Errorf("%s: %d migrations, %d recorded here", e, len(ms), len(want))
		}
		for i, m := range ms {
			if got := itoa(m.Version) + " " + m.Name + " " + m.Checksum; i < len(want) && got != want[i] {
				t.Errorf("%s: have %s, recorded %s", e, got, want[i])
			}
			if m.Version != int64(i+1) {
				t.Errorf("%s: version %d at %d", e, m.Version, i)
			}
		}
	}
}

func TestEnginesHaveTheSameMigrations(t *testing.T) {
	a, err := sqldb.Migrations(sqldb.SQLite)
	if err != nil {
		t.Fatal(err)
	}
	b, err := sqldb.Migrations(sqldb.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	if len(a) == 0 || len(a) != len(b) {
		t.Fatalf("%d and %d migrations", len(a), len(b))
	}
	for i := range a {
		if a[i].Version != b[i].Version || a[i].Name != b[i].Name {
			t.Errorf("%d %s against %d %s", a[i].Version, a[i].Name, b[i].Version, b[i].Name)
		}
	}
}

func eachEmpty(t *testing.T, fn func(t *testing.T, dsn string)) {
	t.Helper()
	for _, e := range []sqldb.Engine{sqldb.SQLite, sqldb.Postgres} {
		t.Run(string(e), func(t *testing.T) {
			t.Parallel()
			fn(t, dbtest.DSN(t, e))
		})
	}
}

func open(t *testing.T, dsn string, o sqldb.Options) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), dsn, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func TestMigrateOnceOnly(t *testing.T) {
	eachEmpty(t, func(t *testing.T, dsn string) {
		db := open(t, dsn, sqldb.Options{})
		if err := db.CheckSchema(t.Context()); err == nil {
			t.Error("an empty database passes for a migrated one")
		}
		ms, err := sqldb.Migrations(db.Engine())
		if err != nil {
			t.Fatal(err)
		}
		if n, err := db.Migrate(t.Context(), 123); err != nil || n != len(ms) {
			t.Fatalf("first: %d, %v", n, err)
		}
		if n, err := db.Migrate(t.Context(), 456); err != nil || n != 0 {
			t.Errorf("second: %d, %v", n, err)
		}
		if err := db.CheckSchema(t.Context()); err != nil {
			t.Error(err)
		}
		rows(t, db, `SELECT MIN(applied_at), MAX(applied_at), COUNT(*) FROM schema_migrations`, func(r *sqldb.Row) {
			if r.Int(0) != 123 || r.Int(1) != 123 || r.Int(2) != int64(len(ms)) {
				t.Errorf("recorded: %d %d %d", r.Int(0), r.Int(1), r.Int(2))
			}
		})
	})
}

func TestConcurrentMigrate(t *testing.T) {
	eachEmpty(t, func(t *testing.T, dsn string) {
		const n = 8
		dbs := make([]*sqldb.DB, n)
		for i := range dbs {
			dbs[i] = open(t, dsn, sqldb.Options{Readers: 2})
		}
		var applied atomic.Int64
		var wg sync.WaitGroup
		for _, db := range dbs {
			wg.Go(func() {
				n, err := db.Migrate(t.Context(), 1)
				if err != nil {
					t.Error(err)
				}
				applied.Add(int64(n))
			})
		}
		wg.Wait()
		ms, err := sqldb.Migrations(dbs[0].Engine())
		if err != nil {
			t.Fatal(err)
		}
		if got := applied.Load(); got != int64(len(ms)) {
			t.Errorf("%d migrations applied in all, want %d", got, len(ms))
		}
		for _, db := range dbs {
			if err := db.CheckSchema(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestMigrateRefusesWhatItDoesNotKnow(t *testing.T) {
	for name, c := range map[string]struct {
		sql  string
		want error
	}{
		"newer":  {`INSERT INTO schema_migrations (version, name, checksum, applied_at) SELECT MAX(version) + 1, 'future', 'x', 0 FROM schema_migrations`, sqldb.ErrNewerSchema},
		"edited": {`UPDATE schema_migrations SET checksum = 'x' WHERE version = 1`, sqldb.ErrEdited},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
				if err := db.Write(t.Context(), 0, func(tx *sqldb.Tx) error { return tx.Exec(sqldb.Raw(c.sql)) }); err != nil {
					t.Fatal(err)
				}
				if n, err := db.Migrate(t.Context(), 1); n != 0 || !errors.Is(err, c.want) {
					t.Errorf("migrate: %d, %v", n, err)
				}
				if err := db.CheckSchema(t.Context()); !errors.Is(err, c.want) {
					t.Errorf("check: %v", err)
				}
			})
		})
	}
}

// What settings said before migration 6 about groups becomes flags of groups.
func TestMigrateChosenGroups(t *testing.T) {
	eachEmpty(t, func(t *testing.T, dsn string) {
		db := open(t, dsn, sqldb.Options{})
		if err := db.MigrateFirst(t.Context(), 5, 0); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(t.Context(), 0, func(tx *sqldb.Tx) error {
			for _, sql := range []string{
				// Store 1 has no flags, 2 has one already, 3 chose groups that are gone or another store's.
				`INSERT INTO customer_groups (store_id, id, name, is_default, is_guest, date_created, date_modified)
					VALUES (1, 1, 'A', 0, 0, 5, 5), (1, 2, 'B', 0, 0, 5, 5), (2, 1, 'A', 1, 0, 5, 5), (2, 2, 'B', 0, 0, 5, 5), (3, 1, 'A', 0, 0, 5, 5)`,
				`INSERT INTO customer_settings (store_id, channel_id, name, value)
					VALUES (1, 0, 'default_group_id', '1'), (1, 0, 'guest_group_id', '2'), (1, 0, 'policy_url', '1'), (1, 2, 'guest_group_id', '9'), (1, 2, 'default_group_id', '0'), (1, 3, 'guest_group_id', '1'),
						(2, 0, 'default_group_id', '2'), (2, 0, 'guest_group_id', '2'), (3, 0, 'default_group_id', '2'), (3, 0, 'guest_group_id', '0')`,
			} {
				if err := tx.Exec(sqldb.Raw(sql)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if n, err := db.Migrate(t.Context(), 1); err != nil || n < 1 {
			t.Fatal(n, err)
		}
		var got []string
		rows(t, db, `SELECT store_id, id, is_default, is_guest FROM customer_groups ORDER BY 1, 2`, func(r *sqldb.Row) {
			got = append(got, fmt.Sprint(r.Int(0), r.Int(1), r.Int(2), r.Int(3)))
		})
		rows(t, db, `SELECT store_id, channel_id, name, value FROM customer_settings ORDER BY 1, 2, 3`, func(r *sqldb.Row) {
			got = append(got, fmt.Sprint(r.Int(0), r.Int(1), " ", r.Text(2), " ", r.Text(3)))
		})
		want := []string{"1 1 1 0", "1 2 0 1", "2 1 1 0", "2 2 0 1", "3 1 0 0", "1 0 policy_url 1", "1 2 default_group_id 0", "1 3 guest_group_id 1"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q\nwant %q", got, want)
		}
	})
}

// Sites that are older than claims keep their hosts; of two stores at one host
// the one whose site is older does.
func TestMigrateSiteHosts(t *testing.T) {
	eachEmpty(t, func(t *testing.T, dsn string) {
		db := open(t, dsn, sqldb.Options{})
		if err := db.MigrateFirst(t.Context(), 12, 0); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(t.Context(), 0, func(tx *sqldb.Tx) error {
			for _, sql := range []string{
				`INSERT INTO stores (id, hash, name, date_created) VALUES (1, 'aaa', 'A', 1), (2, 'bbb', 'B', 2), (3, 'ccc', 'C', 3)`,
				`INSERT INTO channels (store_id, id, name, status, url, date_created, date_modified, site_created, site_modified)
					VALUES (1, 1, 'a', 'active', 'https://Shop.example:444', 1, 1, 10, 900), (1, 2, 'b', 'active', 'https://a.example', 5, 5, 0, 0),
						(1, 3, 'c', 'deleted', 'https://gone.example', 1, 1, 1, 1), (1, 4, 'd', 'active', '', 1, 1, 0, 0), (1, 5, 'e', 'active', 'http://127.1', 1, 1, 0, 0),
						(2, 1, 'a', 'active', 'https://shop.example', 1, 1, 20, 800), (2, 2, 'b', 'active', 'http://BÜCHER.example.', 1, 1, 7, 8), (2, 3, 'c', 'active', 'http://shop.example:81', 1, 1, 950, 950),
						(3, 1, 'a', 'active', 'https://xn--bcher-kva.example', 1, 1, 8, 8), (3, 2, 'b', 'active', 'https://gone.example', 1, 1, 9, 9)`,
			} {
				if err := tx.Exec(sqldb.Raw(sql)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if n, err := db.Migrate(t.Context(), 1); err != nil || n < 1 {
			t.Fatal(n, err)
		}
		for range 2 {
			if err := store.NameHosts(t.Context(), db); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		rows(t, db, `SELECT store_id, channel_id, name, date_claimed, date_proved, proof FROM site_hosts ORDER BY 1, 2`, func(r *sqldb.Row) {
			got = append(got, fmt.Sprintf("%d/%d %s %d %d %s", r.Int(0), r.Int(1), r.Text(2), r.Int(3), r.Int(4), r.Text(5)))
		})
		want := []string{
			"1/1 shop.example 900 0 ", "1/2 a.example 5 5 migration", "1/5  0 0 ",
			"2/1 shop.example 800 800 migration", "2/2 xn--bcher-kva.example 8 8 migration", "2/3 shop.example 950 950 migration",
			"3/1 xn--bcher-kva.example 8 0 ", "3/2 gone.example 9 9 migration",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q\nwant %q", got, want)
		}
		stores := store.NewService(db, system.Real())
		for _, production := range []bool{true, false, true} {
			stores.Rules.Production = production
			clashes, err := stores.SettleHosts(t.Context())
			if err != nil || !slices.Equal(clashes, []store.HostClash{{Host: "xn--bcher-kva.example", Holder: "bbb", Other: "ccc"}, {Host: "shop.example", Holder: "bbb", Other: "aaa"}}) {
				t.Errorf("the clashes are %+v: %v", clashes, err)
			}
		}
		hosts := store.NewHosts(db, system.Real())
		for host, want := range map[string]string{"shop.example:444": "bbb", "shop.example": "bbb", "a.example": "aaa", "xn--bcher-kva.example": "bbb", "gone.example": "ccc"} {
			if site, _, err := hosts.Site(t.Context(), "https", host); err != nil || site.StoreHash != want {
				t.Errorf("%s is %q, want %q: %v", host, site.StoreHash, want, err)
			}
		}
	})
}

// Rules of groups that name a price list become assignments.
func TestMigratePriceLists(t *testing.T) {
	eachEmpty(t, func(t *testing.T, dsn string) {
		ms, err := sqldb.Migrations(sqldb.SQLite)
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(ms, func(m sqldb.Migration) bool { return m.Name == "price_lists" })
		db := open(t, dsn, sqldb.Options{})
		if err := db.MigrateFirst(t.Context(), at, 0); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(t.Context(), 0, func(tx *sqldb.Tx) error {
			for _, sql := range []string{
				`INSERT INTO store_counters (store_id) VALUES (1), (2), (3)`,
				`INSERT INTO customer_groups (store_id, id, name, discount_rules, date_created, date_modified) VALUES
					(1, 1, 'A', '[["price_list","",0,12]]', 5, 5), (1, 2, 'B', '[["all","percent",50000,0]]', 5, 5), (1, 7, 'C', '[["price_list","",0,3]]', 5, 5),
					(2, 4, 'A', '[["price_list","",0,9000000000]]', 5, 5), (3, 1, 'A', '[]', 5, 5)`,
			} {
				if err := tx.Exec(sqldb.Raw(sql)); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if n, err := db.Migrate(t.Context(), 1); err != nil || n < 1 {
			t.Fatal(n, err)
		}
		var got []string
		rows(t, db, `SELECT store_id, id, price_list_id, customer_group_id, channel_id FROM price_list_assignments ORDER BY 1, 2`, func(r *sqldb.Row) {
			got = append(got, fmt.Sprint(r.Int(0), r.Int(1), r.Int(2), r.Int(3), r.Int(4)))
		})
		rows(t, db, `SELECT store_id, id, discount_rules FROM customer_groups WHERE discount_rules <> '[]' ORDER BY 1, 2`, func(r *sqldb.Row) {
			got = append(got, fmt.Sprint(r.Int(0), r.Int(1), " ", r.Text(2)))
		})
		rows(t, db, `SELECT store_id, price_list_assignment_id FROM store_counters WHERE store_id > 0 ORDER BY 1`, func(r *sqldb.Row) {
			got = append(got, fmt.Sprint(r.Int(0), " last ", r.Int(1)))
		})
		want := []string{"1 1 12 1 0", "1 2 3 7 0", "2 1 9000000000 4 0", `1 2 [["all","percent",50000,0]]`, "1 last 2", "2 last 1", "3 last 0"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q\nwant %q", got, want)
		}
	})
}

// Templates are kept as first versions, and that of welcomes also for who has no
// password, who had it too.
func TestMigrateEmailTemplates(t *testing.T) {
	eachEmpty(t, func(t *testing.T, dsn string) {
		ms, err := sqldb.Migrations(sqldb.SQLite)
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(ms, func(m sqldb.Migration) bool { return m.Name == "email_templates" })
		db := open(t, dsn, sqldb.Options{})
		if err := db.MigrateFirst(t.Context(), at, 0); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(t.Context(), 0, func(tx *sqldb.Tx) error {
			return tx.Exec(sqldb.Raw(`INSERT INTO email_templates (store_id, kind, locale, subject, body_text, body_html, date_modified) VALUES
				(1, 'account_created', 'de', 'S', 'T', 'H', 5), (2, 'sign_in_link', '', 'L', '', '', 6)`))
		}); err != nil {
			t.Fatal(err)
		}
		if n, err := db.Migrate(t.Context(), 1); err != nil || n < 1 {
			t.Fatal(n, err)
		}
		var got []string
		rows(t, db, `SELECT store_id, kind, channel_id, locale, version, is_latest, subject, body_text, body_html, date_created FROM email_template_versions ORDER BY 1, 2`, func(r *sqldb.Row) {
			got = append(got, fmt.Sprint(r.Int(0), r.Text(1), r.Int(2), r.Text(3), r.Int(4), r.Int(5), r.Text(6), r.Text(7), r.Text(8), r.Int(9)))
		})
		want := []string{"1account_created0de1 1STH5", "1guest_account_created0de1 1STH5", "2sign_in_link01 1L6"}
		if len(got) != len(want) {
			t.Errorf("%q", got)
		}
		for i := range min(len(got), len(want)) {
			if g := strings.ReplaceAll(got[i], " ", ""); g != strings.ReplaceAll(want[i], " ", "") {
				t.Errorf("%q, want %q", got[i], want[i])
			}
		}
	})
}
