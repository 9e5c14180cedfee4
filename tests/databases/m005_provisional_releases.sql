CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE TABLE sources (
    source text primary key,        -- id: the name of its module in scraper/sources
    title text not null,            -- what the source is
    home_url text not null,         -- an address that a person can open
    licence text not null,          -- the terms under which it is published
    precedence integer not null,    -- rank; the lowest number is believed first
    due_every text not null,        -- how often to read it, such as 6h
    state text not null,            -- result of the last run that tried it: never_read, ok, refused, unreachable, or off (it needs a credential that is not set)
    stands_in_for text              -- the source that this one replaces whenever it can be read
) strict;
CREATE TABLE runs (
    run integer primary key,        -- counts up
    started_at text not null,       -- UTC
    ended_at text,                  -- UTC, empty while it runs
    kind text not null,             -- crawl, replay or seed
    state text not null,            -- done, partial (a source failed, its facts were kept) or failed
    pages_read integer not null,    -- pages that were fetched, whatever the outcome
    pages_parsed integer not null,  -- pages whose content was new
    claims_added integer not null,  -- claims that began in this run
    claims_ended integer not null,  -- claims that ended in this run
    facts_changed integer not null  -- rows added to changes
) strict;
CREATE TABLE pages (
    page integer primary key,       -- hash of address, time and content
    source text not null references sources (source), -- the source it was read for
    page_url text not null,         -- its name in claims: one address, whichever of the page's addresses answered
    url text not null,              -- the address that was requested
    final_url text not null,        -- the address that answered, after redirects
    fetched_at text not null,       -- UTC
    tie integer not null,           -- numbers pages with the same name and time, in loading order
    stated_since text,              -- UTC, when the site says that this content last changed
    status integer not null,        -- HTTP status; 304 where nothing had changed
    sha256 text not null,           -- SHA-256 of the bytes as served, which the archive keeps
    content_sha256 text not null,   -- SHA-256 of the bytes without the tags that differ in every response
    etag text,                      -- as served; sent back as If-None-Match
    last_modified text,             -- as served; sent back as If-Modified-Since
    bytes integer not null,         -- length as served; 0 where nothing had changed
    state text not null,            -- accepted, refused (its claims were not loaded) or failed (no page at all)
    run integer not null references runs (run) -- the run that read it first
) strict;
CREATE TABLE sections (
    source text not null references sources (source), -- the source
    page_url text not null,         -- the page
    content_sha256 text not null,   -- the content of the accepted page that was counted
    section text not null,          -- name of the part, from its heading
    row_count integer not null,     -- rows that state something
    release_count integer not null, -- releases that they state; planned months state none
    primary key (source, page_url, content_sha256, section)
) strict, without rowid;
CREATE TABLE subjects (
    subject text primary key,       -- such as release/ws2025/5087423/26100.32772, calendar/ws2025/2026-06, kb/5089602
    kind text not null              -- first part of the name
) strict, without rowid;
CREATE TABLE claims (
    claim integer primary key,      -- hash of source, page, section, subject, field, value and time
    source text not null references sources (source), -- the source that states it
    page_url text not null,         -- the page that states it
    section text not null,          -- the part of that page
    subject text not null references subjects (subject), -- the fact it is about
    field text not null,            -- the field it states; "field#2" where one section states two values
    value text,                     -- as we read it; empty where the page says that there is no value
    value_text text not null,       -- as published
    source_url text,                -- the address that the page itself names as its source, where that is another
    stated_since text,              -- UTC, when the site says that the content of the first page with it last changed
    first_seen_at text not null,    -- UTC, fetch time of the first page with it
    last_seen_at text not null,     -- UTC, fetch time of the last page with it
    gone_at text,                   -- UTC, fetch time of the first page without it; empty while it is stated
    page integer not null references pages (page) -- the first page with it
) strict;
CREATE TABLE products (
    product text primary key,       -- id, such as ws2025 or win11-25h2
    name text not null,             -- common name
    family text not null,           -- server or client
    build_number integer,           -- such as 26100; shared by Windows Server 2025 and Windows 11 24H2
    release_date text,              -- ISO date
    mainstream_end_date text,       -- ISO date of the last updates; for clients: Home and Pro
    extended_end_date text,         -- ISO date of the last updates; for clients: Enterprise and Education
    hotpatch_from_date text,        -- ISO date of the first hotpatch
    hotpatch_end_date text,         -- ISO date of the last hotpatch, or a month where only a month is stated
    subject text not null unique references subjects (subject) -- its name in claims
) strict;
CREATE TABLE hotpatch_calendar (
    product text not null references products (product), -- the servicing line
    month text not null,            -- such as 2026-06
    planned_type text,              -- baseline or hotpatch, as first stated before the release
    planned_by text,                -- where the plan comes from: calendar, footnote or cadence
    type text,                      -- baseline or hotpatch as released; empty until then
    expected_type text not null,    -- what to expect now: the type, else the current plan, else the cadence
    is_unplanned integer not null,  -- 1 for a baseline in a month planned as a hotpatch
    release_date text,              -- ISO date, empty until released
    expected_date text not null,    -- ISO date of the second Tuesday
    kb integer references kbs (kb), -- KB that was released
    build text,                     -- build that was released
    changed_on text,                -- ISO date on which a source was first seen to state a different type
    changed_after text,             -- ISO date on which the previous type was last seen
    subject text not null unique references subjects (subject), -- its name in claims
    primary key (product, month)
) strict, without rowid;
CREATE TABLE prices (
    price integer primary key,      -- hash of its subject and source
    service text not null,          -- Hotpatch or Azure Update Manager
    product text references products (product), -- the servicing line of Windows; empty where it does not matter
    meter text not null,            -- what is metered
    unit text not null,             -- such as core/month
    currency text not null,         -- as the source states it; never converted
    region text,                    -- empty means everywhere
    amount real not null,           -- per unit, in the currency
    valid_from text,                -- ISO date of the first day with it; empty if unknown
    valid_to text,                  -- ISO date of the first day without it; empty if none is stated
    condition text not null,        -- who qualifies: empty, defender_p2, software_assurance, esu or azure_local
    note text,                      -- what else the source says about it, in our words
    source_url text not null,       -- the page that states it
    trust text not null,            -- what kind of source that is
    subject text not null references subjects (subject) -- its name in claims
) strict;
CREATE TABLE eligibility (
    eligibility integer primary key, -- hash of its subject and source
    kind text not null,             -- image, edition, prerequisite, licence, channel or rule
    product text references products (product), -- the servicing line of Windows; empty for all of them
    publisher text,                 -- of an image; ARM returns it in upper or lower case
    offer text,                     -- of an image
    sku text,                       -- of an image
    edition text,                   -- such as Standard or Datacenter: Azure Edition
    platform text,                  -- azure, azure_local, arc or intune; empty means any
    is_eligible integer,            -- 1 or 0; empty where the row is a text
    requirement text,               -- what is required or worth knowing, in our words
    source_url text not null,       -- the document that states it
    subject text not null references subjects (subject) -- its name in claims
) strict;
CREATE TABLE lines (
    product text not null references products (product), -- the servicing line of Windows
    line text not null,             -- hotpatch or standard
    data_until text not null,       -- ISO date of the latest accepted page that lists this line
    primary key (product, line)
) strict, without rowid;
CREATE TABLE fact_claims (
    subject text not null references subjects (subject), -- the fact
    claim integer not null references claims (claim), -- a claim that states the believed value
    primary key (subject, claim)
) strict, without rowid;
CREATE TABLE corrections (
    correction integer primary key, -- hash of what identifies it
    source text not null,           -- the source whose claim is corrected
    subject text not null,          -- the fact; section/<title> accepts that a section is gone
    field text not null,            -- the field
    value text not null,            -- value of the claim
    new_value text not null,        -- what to believe instead; empty: nothing
    why text not null,              -- the reason
    url text not null,              -- evidence
    decided_on text not null        -- ISO date
) strict;
CREATE TABLE conflicts (
    subject text not null references subjects (subject), -- the fact
    field text not null,            -- the field in dispute
    claim_won integer not null references claims (claim), -- the claim that is believed
    claim_lost integer not null references claims (claim), -- the claim that is not
    value_won text,                 -- the value that is believed
    value_lost text,                -- the value that is not
    rule text not null,             -- precedence, later_page, address, sanity, slug, link_text, same_revision, published_beats_plan or correction
    correction integer references corrections (correction), -- the correction that decided
    primary key (subject, field, claim_won, claim_lost)
) strict, without rowid;
CREATE TABLE checks (
    run integer not null references runs (run), -- the run
    source text not null references sources (source), -- the source
    page_url text not null,         -- the page
    section text not null,          -- the part of the page; empty for the whole page
    name text not null,             -- what was checked
    ok integer not null,            -- 1 if it held
    required integer not null,      -- 1 if a failure refuses the page
    note text not null,             -- what was expected and what was found
    primary key (run, source, page_url, section, name)
) strict, without rowid;
CREATE TABLE changes (
    run integer not null references runs (run), -- the run that read the page
    changed_at text not null,       -- UTC, fetch time of that page
    subject text not null references subjects (subject), -- the fact
    field text not null,            -- the field; "release" or "month" where the fact is new
    old_value text,                 -- before
    new_value text,                 -- after
    primary key (changed_at, subject, field)
) strict, without rowid;
CREATE TABLE "kbs" (
    kb integer primary key,         -- the number without "KB"
    title text,                     -- title of its article
    article_url text,               -- current address of its article
    release_date text,              -- ISO date of its first release
    installs_kb integer references kbs (kb), -- for an article with a number of its own: the KB that is installed
    published_at text,              -- UTC, when its first article was published, according to a feed
    updated_at text,                -- UTC, when an article of it was last edited, according to a feed
    subject text not null unique references subjects (subject) -- its name in claims
) strict;
CREATE TABLE "articles" (
    url text primary key,           -- address
    kb integer references kbs (kb), -- the KB it is about; for a baseline, whose title names none, the article's own number
    product text references products (product), -- the product, where the pages of only one link to it
    title text,                     -- as the article's heading or the navigation writes it
    release_date text,              -- ISO date in the title
    guid text,                      -- identifier at the end of an old address
    applies_to text,                -- servicing lines it applies to, such as "win11-24h2 win11-25h2"; empty until the article was read
    requires_kb integer references kbs (kb), -- the baseline or update that it names as a prerequisite
    requires_build text,            -- build of that prerequisite, where the article states it
    ssu_kb integer,                 -- KB of the servicing stack update that comes with it
    ssu_build text,                 -- build of that servicing stack update
    issue_count integer,            -- known issues it lists; 0 where it says there are none, empty where it says nothing
    expired_on text                 -- ISO date since when the update is no longer offered
) strict;
CREATE TABLE known_issues (
    known_issue integer primary key, -- hash of its subject and product
    kb integer not null references kbs (kb), -- the update that has it
    product text references products (product), -- the servicing line whose article lists it; empty where no page says
    issue text not null,            -- its name: the words of its title
    title text not null,            -- as published
    symptom text,                   -- as published
    workaround text,                -- as published: workaround or resolution
    state text not null,            -- open or resolved
    resolved_by_kb integer references kbs (kb), -- the KB that resolves it
    opened_on text,                 -- ISO date on which the article's change log says that it was added
    resolved_on text,               -- ISO date of the update that resolves it, as the article writes it
    gone_since text,                -- UTC, since when no article lists it
    article_url text,               -- the article that lists it
    subject text not null references subjects (subject) -- its name in claims
) strict;
CREATE TABLE kb_cves (
    kb integer not null references kbs (kb), -- the KB that is installed
    product text not null references products (product), -- the servicing line it is fixed on
    cve text not null,              -- such as CVE-2025-54100
    severity text,                  -- Critical, Important, Moderate or Low; empty where MSRC states none
    fixed_build text,               -- OS build with the fix
    subtype text,                   -- hotpatch or security, however MSRC spells it
    supersedes_kb integer,          -- the KB that this one replaces
    source_month text not null,     -- month of the document that states it
    subject text not null references subjects (subject), -- its name in claims
    primary key (kb, product, cve)
) strict, without rowid;
CREATE TABLE security_months (
    month text primary key,         -- such as 2025-12
    released_on text,               -- ISO date of its first version
    revised_on text,                -- ISO date of its last revision, as MSRC states it
    is_complete integer,            -- 1 if it was read and fixes Windows; 0 if it was an early, nearly empty version; empty until it was read
    subject text not null unique references subjects (subject) -- its name in claims
) strict, without rowid;
CREATE TABLE kb_channels (
    kb_channel integer primary key, -- hash of its subject, product and channel
    kb integer not null references kbs (kb), -- the update
    product text references products (product), -- the servicing line whose article states it; empty where no page says
    channel text not null,          -- windows_update, business, catalog or wsus
    is_available integer,           -- 1 or 0; empty where the page shows it only as a picture
    note text,                      -- as published: what to do next
    subject text not null references subjects (subject) -- its name in claims
) strict;
CREATE TABLE article_changes (
    article_change integer primary key, -- hash of article, day and text
    url text not null,              -- the article
    kb integer not null references kbs (kb), -- its KB
    changed_on text not null,       -- ISO date, as the article states it
    description text not null,      -- as published
    subject text not null references subjects (subject) -- its name in claims
) strict;
CREATE TABLE lifecycles (
    product text not null references products (product), -- the servicing line
    edition_group text not null,    -- server, server_azure_edition, annual_channel, home_pro, enterprise_education, iot_enterprise, iot_core, ltsc or iot_ltsc
    kind text not null,             -- mainstream, extended, end_of_servicing, esu_year_1 to esu_year_3, or hotpatch_end
    end_date text not null,         -- ISO date of the last day; a month where only a month is stated
    source_url text not null,       -- who states it: an address, or the file of a public repository
    trust text not null,            -- what kind of source that is
    subject text not null references subjects (subject), -- its name in claims
    primary key (product, edition_group, kind)
) strict, without rowid;
CREATE TABLE reported (
    product text not null references products (product), -- the servicing line
    kb integer,                     -- the KB that is installed; empty where nobody names it
    build text,                     -- OS build, such as 26100.33296
    build_number integer,           -- first part of the build
    revision integer,               -- second part of the build, the UBR
    release_date text,              -- ISO date
    month text,                     -- month of the update
    cadence text,                   -- letter: B second week, D preview, OOB out-of-band
    classification text not null,   -- baseline, hotpatch, cumulative, preview or initial
    in_hotpatch_line integer not null, -- 1 if it is said to belong to the hotpatch line
    in_standard_line integer not null, -- 1 if it is said to belong to the standard line
    source_url text not null,       -- who says it, and where
    read_on text not null,          -- ISO date on which that was read
    subject text not null primary key references subjects (subject) -- its name in claims
) strict;
CREATE TABLE "releases" (
    release integer primary key,    -- hash of its subject
    product text not null references products (product), -- the servicing line
    kb integer references kbs (kb), -- the KB that is installed; empty for a version's first build and for two baselines of 2021
    build text,                     -- OS build, such as 26100.32772
    build_number integer,           -- first part of the build
    revision integer,               -- second part of the build, the UBR
    release_date text,              -- ISO date (UTC)
    month text,                     -- month of the update type, which can differ from that of the date
    cadence text,                   -- published letter: B second week, C and D previews, A and E rare, OOB out-of-band
    classification text not null,   -- baseline, hotpatch, component, cumulative, preview or initial
    in_hotpatch_line integer not null, -- 1 if it belongs to the hotpatch line
    in_standard_line integer not null, -- 1 if it belongs to the standard line
    restart_required integer,       -- 1 or 0; empty for components unless an article says
    is_unplanned integer not null,  -- 1 for a baseline in a month planned as a hotpatch
    is_public_preview integer not null, -- 1 if only a public preview lists it
    is_expired integer not null,    -- 1 if withdrawn
    is_provisional integer not null, -- 1 if no list of releases has it, and MSRC, an article, Graph or a feed names it
    baseline_release integer references releases (release), -- the baseline that a hotpatch needs; for a baseline: itself
    baseline_kb integer references kbs (kb), -- KB of that baseline
    baseline_build text,            -- build of that baseline
    derived_from text,              -- what was inferred rather than stated, and from what
    gone_since text,                -- UTC, since when no page lists it
    article_url text,               -- address of its article
    subject text not null unique references subjects (subject) -- its name in claims
) strict;
INSERT INTO "_sqlite_migrations" VALUES(1,'hotpatch_kb','m001_first_version','2026-11-26 18:16:59.206765+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'hotpatch_kb','m002_articles_issues_and_cves','2026-11-26 18:16:59.301729+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'hotpatch_kb','m003_pages_are_found_by_indexes','2026-11-26 18:16:59.316114+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'hotpatch_kb','m004_lifecycles_and_reported','2026-11-26 18:16:59.355341+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'hotpatch_kb','m005_provisional_releases','2026-11-26 18:16:59.434947+00:00');
INSERT INTO "articles" VALUES('https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/april-14-2026-baseline',NULL,'ws2025','April 14, 2026—Baseline','2026-04-14',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "articles" VALUES('https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/june-9-2026-baseline',NULL,'ws2025','June 9, 2026—Baseline','2026-06-09',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "articles" VALUES('https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772',5087423,'ws2025','May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)','2026-05-12',NULL,'ws2025',5082063,'26100.32690',NULL,NULL,0,NULL);
INSERT INTO "checks" VALUES(1,'support_article','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','','dates',1,1,'expected releases dated from 2015-07-01 to 2026-07-24, got none');
INSERT INTO "checks" VALUES(1,'support_article','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','','rows',1,1,'expected at least 1 rows, got 2');
INSERT INTO "checks" VALUES(1,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','','dates',1,1,'expected releases dated from 2015-07-01 to 2026-07-24, got none');
INSERT INTO "checks" VALUES(1,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','','rows',1,1,'expected at least 3 rows, got 3');
INSERT INTO "claims" VALUES(17516450849056,'support_article','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','Article','channel/5087423','wsus','0',' | This update is not available there.',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,521597078836083);
INSERT INTO "claims" VALUES(23817897696041,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/5087423/26100.32772','build','26100.32772','26100.32772',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(241580743035267,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/2026-06-09/baseline','classification','baseline','June 9, 2026—Baseline',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(482770370791656,'support_article','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','Article','article/5087423','classification','hotpatch','May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,521597078836083);
INSERT INTO "claims" VALUES(613107508560698,'support_article','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','Article','channel/5087423','windows_update','1',' | None. It is downloaded and will be installed without your doing.',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,521597078836083);
INSERT INTO "claims" VALUES(666531696003015,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/2026-06-09/baseline','title','June 9, 2026—Baseline','June 9, 2026—Baseline',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(830828798761318,'support_article','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','Article','channel/5087423','catalog_note','This update is not available there.','This update is not available there.',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,521597078836083);
INSERT INTO "claims" VALUES(1210788436286853,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/5087423/26100.32772','article_url','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','../../windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(1314287832940927,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/5087423/26100.32772','classification','hotpatch','May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(1408545675573648,'support_article','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','Article','channel/5087423','windows_update_note','None. It is downloaded and will be installed without your doing.','None. It is downloaded and will be installed without your doing.',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,521597078836083);
INSERT INTO "claims" VALUES(1439517993926017,'support_article','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','Article','article/5087423','requires_build','26100.32690','You must have the baseline of April 2026, KB5082063 (OS Build 26100.32690), or a later hotpatch.',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,521597078836083);
INSERT INTO "claims" VALUES(1519733149059442,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/2026-06-09/baseline','article_url','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/june-9-2026-baseline','../../windows-server-2025/2026/june-9-2026-baseline',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(1720484963383467,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/2026-04-14/baseline','classification','baseline','April 14, 2026—Baseline',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(1777088764486389,'support_article','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','Article','article/5087423','applies_to','ws2025','Windows Server 2025, all editions; Azure Local, version 23H2',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,521597078836083);
INSERT INTO "claims" VALUES(2026050359438318,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/5087423/26100.32772','title','May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)','May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(2519709483480301,'support_article','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','Article','article/5087423','release_date','2026-05-12','May 12, 2026',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,521597078836083);
INSERT INTO "claims" VALUES(2735468194978256,'support_article','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','Known issues','article/5087423','issue_count','0','Known issues in this update',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,521597078836083);
INSERT INTO "claims" VALUES(2740623573234497,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/2026-06-09/baseline','line','hotpatch','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(2796990267518132,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/5087423/26100.32772','release_date','2026-05-12','May 12, 2026',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(2876154604472602,'support_article','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','Article','channel/5087423','wsus_note','This update is not available there.','This update is not available there.',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,521597078836083);
INSERT INTO "claims" VALUES(3009492137127891,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/2026-04-14/baseline','line','hotpatch','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(3083236864291367,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/2026-04-14/baseline','article_url','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/april-14-2026-baseline','../../windows-server-2025/2026/april-14-2026-baseline',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(3137607259440006,'support_article','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','Article','article/5087423','build','26100.32772','May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,521597078836083);
INSERT INTO "claims" VALUES(3207929513366640,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/5087423/26100.32772','kb','5087423','KB5087423',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(3274014061499353,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/2026-04-14/baseline','title','April 14, 2026—Baseline','April 14, 2026—Baseline',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(3299673699874955,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/2026-06-09/baseline','release_date','2026-06-09','June 9, 2026',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(3446899692391333,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/5087423/26100.32772','line','hotpatch','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(4058109589851761,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/2026-04-14/baseline','release_date','2026-04-14','April 14, 2026',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(4149754636370449,'support_article','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','Article','article/5087423','title','May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)','May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,521597078836083);
INSERT INTO "claims" VALUES(4272570304675277,'support_article','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','Article','channel/5087423','catalog','0',' | This update is not available there.',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,521597078836083);
INSERT INTO "claims" VALUES(4288078177559890,'support_article','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','Article','article/5087423','requires_kb','5082063','You must have the baseline of April 2026, KB5082063 (OS Build 26100.32690), or a later hotpatch.',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,521597078836083);
INSERT INTO "conflicts" VALUES('release/ws2025/5087423/26100.32772','baseline_kb',1720484963383467,4288078177559890,'None','5082063','precedence',NULL);
INSERT INTO "fact_claims" VALUES('channel/5087423',17516450849056);
INSERT INTO "fact_claims" VALUES('release/ws2025/5087423/26100.32772',23817897696041);
INSERT INTO "fact_claims" VALUES('calendar/ws2025/2026-06',241580743035267);
INSERT INTO "fact_claims" VALUES('release/ws2025/2026-06-09/baseline',241580743035267);
INSERT INTO "fact_claims" VALUES('kb/5087423',482770370791656);
INSERT INTO "fact_claims" VALUES('release/ws2025/5087423/26100.32772',482770370791656);
INSERT INTO "fact_claims" VALUES('channel/5087423',613107508560698);
INSERT INTO "fact_claims" VALUES('release/ws2025/2026-06-09/baseline',666531696003015);
INSERT INTO "fact_claims" VALUES('channel/5087423',830828798761318);
INSERT INTO "fact_claims" VALUES('release/ws2025/5087423/26100.32772',1210788436286853);
INSERT INTO "fact_claims" VALUES('calendar/ws2025/2026-05',1314287832940927);
INSERT INTO "fact_claims" VALUES('release/ws2025/5087423/26100.32772',1314287832940927);
INSERT INTO "fact_claims" VALUES('channel/5087423',1408545675573648);
INSERT INTO "fact_claims" VALUES('kb/5087423',1439517993926017);
INSERT INTO "fact_claims" VALUES('release/ws2025/2026-06-09/baseline',1519733149059442);
INSERT INTO "fact_claims" VALUES('calendar/ws2025/2026-04',1720484963383467);
INSERT INTO "fact_claims" VALUES('release/ws2025/2026-04-14/baseline',1720484963383467);
INSERT INTO "fact_claims" VALUES('kb/5087423',1777088764486389);
INSERT INTO "fact_claims" VALUES('kb/5087423',2026050359438318);
INSERT INTO "fact_claims" VALUES('release/ws2025/5087423/26100.32772',2026050359438318);
INSERT INTO "fact_claims" VALUES('kb/5087423',2519709483480301);
INSERT INTO "fact_claims" VALUES('release/ws2025/5087423/26100.32772',2519709483480301);
INSERT INTO "fact_claims" VALUES('kb/5087423',2735468194978256);
INSERT INTO "fact_claims" VALUES('release/ws2025/2026-06-09/baseline',2740623573234497);
INSERT INTO "fact_claims" VALUES('calendar/ws2025/2026-05',2796990267518132);
INSERT INTO "fact_claims" VALUES('release/ws2025/5087423/26100.32772',2796990267518132);
INSERT INTO "fact_claims" VALUES('channel/5087423',2876154604472602);
INSERT INTO "fact_claims" VALUES('release/ws2025/2026-04-14/baseline',3009492137127891);
INSERT INTO "fact_claims" VALUES('release/ws2025/2026-04-14/baseline',3083236864291367);
INSERT INTO "fact_claims" VALUES('kb/5087423',3137607259440006);
INSERT INTO "fact_claims" VALUES('release/ws2025/5087423/26100.32772',3137607259440006);
INSERT INTO "fact_claims" VALUES('kb/5087423',3207929513366640);
INSERT INTO "fact_claims" VALUES('release/ws2025/5087423/26100.32772',3207929513366640);
INSERT INTO "fact_claims" VALUES('release/ws2025/2026-04-14/baseline',3274014061499353);
INSERT INTO "fact_claims" VALUES('calendar/ws2025/2026-06',3299673699874955);
INSERT INTO "fact_claims" VALUES('release/ws2025/2026-06-09/baseline',3299673699874955);
INSERT INTO "fact_claims" VALUES('release/ws2025/5087423/26100.32772',3446899692391333);
INSERT INTO "fact_claims" VALUES('calendar/ws2025/2026-04',4058109589851761);
INSERT INTO "fact_claims" VALUES('release/ws2025/2026-04-14/baseline',4058109589851761);
INSERT INTO "fact_claims" VALUES('kb/5087423',4149754636370449);
INSERT INTO "fact_claims" VALUES('channel/5087423',4272570304675277);
INSERT INTO "fact_claims" VALUES('kb/5087423',4288078177559890);
INSERT INTO "hotpatch_calendar" VALUES('ws2025','2026-04','baseline','cadence','baseline','baseline',0,'2026-04-14','2026-04-14',NULL,NULL,NULL,NULL,'calendar/ws2025/2026-04');
INSERT INTO "hotpatch_calendar" VALUES('ws2025','2026-05','hotpatch','cadence','hotpatch','hotpatch',0,'2026-05-12','2026-05-12',5087423,'26100.32772',NULL,NULL,'calendar/ws2025/2026-05');
INSERT INTO "hotpatch_calendar" VALUES('ws2025','2026-06','hotpatch','cadence','baseline','baseline',1,'2026-06-09','2026-06-09',NULL,NULL,NULL,NULL,'calendar/ws2025/2026-06');
INSERT INTO "kb_channels" VALUES(88721283821660,5087423,'ws2025','catalog',0,'This update is not available there.','channel/5087423');
INSERT INTO "kb_channels" VALUES(218357054533679,5087423,'ws2025','windows_update',1,'None. It is downloaded and will be installed without your doing.','channel/5087423');
INSERT INTO "kb_channels" VALUES(2808127231437898,5087423,'ws2025','wsus',0,'This update is not available there.','channel/5087423');
INSERT INTO "kbs" VALUES(5082063,NULL,NULL,NULL,NULL,NULL,NULL,'kb/5082063');
INSERT INTO "kbs" VALUES(5087423,'May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','2026-05-12',NULL,NULL,NULL,'kb/5087423');
INSERT INTO "lines" VALUES('ws2025','hotpatch','2026-07-23');
INSERT INTO "pages" VALUES(521597078836083,'support_article','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','2026-07-23T12:00:00Z',0,NULL,200,'9e76e1f3ff17d090707cf9b11d92e0910d0680d6dd7249e480ab49568270c39f','dd6479bf3aa662a180ffd1a13fc281044742af25a43a52c0f5153fb512f60f6f',NULL,NULL,2028,'accepted',1);
INSERT INTO "pages" VALUES(1634207209249891,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','2026-07-23T12:00:00Z',0,NULL,200,'a3a798b52b642e9f8e2c7806fc807eaeb57041418dd34b71f08c2cc93507850c','626209ff496aaa93ab1e3fe71920c7d38cfadbb901e00d53ea8121021b715b97',NULL,NULL,3980,'accepted',1);
INSERT INTO "products" VALUES('ws2025','Windows Server 2025','server',26100,NULL,NULL,NULL,NULL,NULL,'product/ws2025');
INSERT INTO "releases" VALUES(61286113763705,'ws2025',5087423,'26100.32772',26100,32772,'2026-05-12','2026-05','B','hotpatch',1,0,0,0,0,0,0,4320769849790846,NULL,NULL,NULL,NULL,'https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','release/ws2025/5087423/26100.32772');
INSERT INTO "releases" VALUES(1498531620980456,'ws2025',NULL,NULL,NULL,NULL,'2026-06-09','2026-06','B','baseline',1,0,1,1,0,0,0,1498531620980456,NULL,NULL,NULL,NULL,'https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/june-9-2026-baseline','release/ws2025/2026-06-09/baseline');
INSERT INTO "releases" VALUES(4320769849790846,'ws2025',NULL,NULL,NULL,NULL,'2026-04-14','2026-04','B','baseline',1,0,1,0,0,0,0,4320769849790846,NULL,NULL,NULL,NULL,'https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/april-14-2026-baseline','release/ws2025/2026-04-14/baseline');
INSERT INTO "runs" VALUES(1,'2026-11-26T18:16:59Z','2026-11-26T18:17:00Z','crawl','done',2,2,31,0,0);
INSERT INTO "sections" VALUES('support_article','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','dd6479bf3aa662a180ffd1a13fc281044742af25a43a52c0f5153fb512f60f6f','Article',1,0);
INSERT INTO "sections" VALUES('support_article','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','dd6479bf3aa662a180ffd1a13fc281044742af25a43a52c0f5153fb512f60f6f','Known issues',1,0);
INSERT INTO "sections" VALUES('support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','626209ff496aaa93ab1e3fe71920c7d38cfadbb901e00d53ea8121021b715b97','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition',3,3);
INSERT INTO "sources" VALUES('azure_pricing','Azure pricing pages: Azure Arc and Azure Update Manager','https://azure.microsoft.com/en-us/pricing/details/azure-arc/core-control-plane/','https://www.microsoft.com/en-us/legal/terms-of-use',300,'1d','never_read',NULL);
INSERT INTO "sources" VALUES('azure_retail_prices','Azure Retail Prices API','https://learn.microsoft.com/en-us/rest/api/cost-management/retail-prices/azure-retail-prices','https://www.microsoft.com/en-us/legal/terms-of-use',300,'1d','never_read',NULL);
INSERT INTO "sources" VALUES('facts_baseline_articles','Articles about baselines','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','https://www.apache.org/licenses/LICENSE-2.0',300,'never','never_read',NULL);
INSERT INTO "sources" VALUES('facts_eligibility','Eligibility for hotpatching, from documents','https://learn.microsoft.com/en-us/windows-server/get-started/hotpatch','https://www.apache.org/licenses/LICENSE-2.0',300,'never','never_read',NULL);
INSERT INTO "sources" VALUES('facts_lifecycle','Lifecycle and hotpatching dates','https://learn.microsoft.com/en-us/lifecycle/','https://www.apache.org/licenses/LICENSE-2.0',300,'never','never_read',NULL);
INSERT INTO "sources" VALUES('facts_prices','Prices from announcements and documents','https://learn.microsoft.com/en-us/azure/update-manager/update-manager-faq','https://www.apache.org/licenses/LICENSE-2.0',300,'never','never_read',NULL);
INSERT INTO "sources" VALUES('graph_updates','Microsoft Graph: Windows updates','https://learn.microsoft.com/en-us/graph/api/resources/windowsupdates-productrevision','https://learn.microsoft.com/en-us/legal/microsoft-apis/terms-of-use',500,'1d','off',NULL);
INSERT INTO "sources" VALUES('learn_hotpatch','Microsoft Learn: hotpatch for Windows Server','https://learn.microsoft.com/en-us/windows-server/get-started/hotpatch','https://learn.microsoft.com/en-us/legal/termsofuse',100,'1d','never_read',NULL);
INSERT INTO "sources" VALUES('learn_lifecycle','Microsoft Learn: lifecycle of products','https://learn.microsoft.com/en-us/lifecycle/products/','https://learn.microsoft.com/en-us/legal/termsofuse',100,'1d','never_read',NULL);
INSERT INTO "sources" VALUES('learn_release_info','Microsoft Learn: release information','https://learn.microsoft.com/en-us/windows/release-health/','https://learn.microsoft.com/en-us/legal/termsofuse',100,'6h','never_read',NULL);
INSERT INTO "sources" VALUES('msrc_cvrf','MSRC security updates (CVRF)','https://msrc.microsoft.com/update-guide','https://www.microsoft.com/en-us/legal/terms-of-use',400,'6h','never_read',NULL);
INSERT INTO "sources" VALUES('support_article','Microsoft Support: articles of KBs','https://support.microsoft.com/en-us/servicing/os/windows-server/2024/10/windows-server-2025-update-history','https://www.microsoft.com/en-us/legal/terms-of-use',200,'12h','ok',NULL);
INSERT INTO "sources" VALUES('support_feeds','Microsoft Support: Atom feeds of update histories','https://support.microsoft.com/en-us/rss-feed-picker','https://www.microsoft.com/en-us/legal/terms-of-use',600,'1d','never_read',NULL);
INSERT INTO "sources" VALUES('support_navigation','Microsoft Support: navigation of update histories and hotpatch release notes','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','https://www.microsoft.com/en-us/legal/terms-of-use',200,'6h','ok',NULL);
INSERT INTO "sources" VALUES('support_toc','Microsoft Support: tables of contents of update histories','https://support.microsoft.com/en-us/servicing/os/windows-11/toc.json','https://www.microsoft.com/en-us/legal/terms-of-use',200,'6h','never_read','support_navigation');
INSERT INTO "subjects" VALUES('article/5087423','article');
INSERT INTO "subjects" VALUES('calendar/ws2025/2026-04','calendar');
INSERT INTO "subjects" VALUES('calendar/ws2025/2026-05','calendar');
INSERT INTO "subjects" VALUES('calendar/ws2025/2026-06','calendar');
INSERT INTO "subjects" VALUES('channel/5087423','channel');
INSERT INTO "subjects" VALUES('kb/5082063','kb');
INSERT INTO "subjects" VALUES('kb/5087423','kb');
INSERT INTO "subjects" VALUES('product/ws2025','product');
INSERT INTO "subjects" VALUES('release/ws2025/2026-04-14/baseline','release');
INSERT INTO "subjects" VALUES('release/ws2025/2026-06-09/baseline','release');
INSERT INTO "subjects" VALUES('release/ws2025/5087423/26100.32772','release');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE UNIQUE INDEX standing_claim on claims (source, page_url, section, subject, field) where gone_at is null;
CREATE INDEX claims_by_subject on claims (subject, field);
CREATE INDEX claims_by_page on claims (page);
CREATE INDEX prices_by_meter on prices (service, product, meter, valid_from);
CREATE INDEX eligibility_by_kind on eligibility (kind, product);
CREATE INDEX fact_claims_by_claim on fact_claims (claim);
CREATE INDEX kbs_by_installs_kb on kbs (installs_kb);
CREATE INDEX articles_by_kb on articles (kb);
CREATE INDEX prices_by_subject on prices (subject);
CREATE INDEX eligibility_by_subject on eligibility (subject);
CREATE INDEX known_issues_by_kb on known_issues (kb, product);
CREATE INDEX known_issues_by_subject on known_issues (subject);
CREATE INDEX kb_cves_by_cve on kb_cves (cve);
CREATE INDEX kb_cves_by_month on kb_cves (product, source_month);
CREATE INDEX kb_channels_by_kb on kb_channels (kb, product);
CREATE INDEX article_changes_by_kb on article_changes (kb);
CREATE VIRTUAL TABLE "kbs_fts" USING FTS5 (
    "kb", "title",
    content="kbs"
);
CREATE TRIGGER "kbs_ai" AFTER INSERT ON "kbs" BEGIN
  INSERT INTO "kbs_fts" (rowid, "kb", "title") VALUES (new.rowid, new."kb", new."title");
END;
CREATE TRIGGER "kbs_ad" AFTER DELETE ON "kbs" BEGIN
  INSERT INTO "kbs_fts" ("kbs_fts", rowid, "kb", "title") VALUES('delete', old.rowid, old."kb", old."title");
END;
CREATE TRIGGER "kbs_au" AFTER UPDATE ON "kbs" BEGIN
  INSERT INTO "kbs_fts" ("kbs_fts", rowid, "kb", "title") VALUES('delete', old.rowid, old."kb", old."title");
  INSERT INTO "kbs_fts" (rowid, "kb", "title") VALUES (new.rowid, new."kb", new."title");
END;
CREATE INDEX pages_by_url on pages (url, fetched_at, tie);
CREATE INDEX pages_by_final_url on pages (final_url, fetched_at) where final_url != url;
CREATE INDEX pages_by_name on pages (source, page_url, fetched_at, tie, state);
CREATE INDEX pages_by_state on pages (source, state, fetched_at);
CREATE INDEX reported_by_product on reported (product, release_date);
CREATE INDEX reported_by_kb on reported (kb);
CREATE INDEX reported_by_build on reported (build);
CREATE UNIQUE INDEX releases_by_identity on releases (product, coalesce(kb, 0), coalesce(build, ''), coalesce(release_date, ''));
CREATE INDEX releases_by_build on releases (build);
CREATE INDEX releases_by_build_number on releases (build_number, revision);
CREATE INDEX releases_by_kb on releases (kb);
CREATE INDEX releases_by_line on releases (product, release_date);
CREATE INDEX releases_by_month on releases (month);
insert into kbs_fts (kbs_fts) values ('rebuild');
