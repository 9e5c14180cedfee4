CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE TABLE sources (
    source text primary key,        -- id: the name of the module in scraper/sources
    title text not null,            -- what the source is
    home_url text not null,         -- an address a person can open
    licence text not null,          -- the terms under which it is published
    precedence integer not null,    -- the smaller is believed first
    due_every text not null,        -- how often it is due, such as 6h
    state text not null,            -- of the last run that tried: never_read, ok, refused or unreachable
    stands_in_for text              -- the source that need not be read where this one could be
) strict;
CREATE TABLE runs (
    run integer primary key,        -- counts up
    started_at text not null,       -- UTC
    ended_at text,                  -- UTC, empty while it runs
    kind text not null,             -- crawl, replay or seed
    state text not null,            -- done, partial (a source failed, its facts were kept) or failed
    pages_read integer not null,    -- pages that were fetched, whatever came of them
    pages_parsed integer not null,  -- pages whose content was new
    claims_added integer not null,  -- claims that began in this run
    claims_ended integer not null,  -- claims that ended in this run
    facts_changed integer not null  -- rows of changes
) strict;
CREATE TABLE pages (
    page integer primary key,       -- from address, time and content
    source text not null references sources (source), -- the source it was read for
    page_url text not null,         -- its name in claims: one address, whichever of the page's addresses answered
    url text not null,              -- the address that was asked
    final_url text not null,        -- the address that answered, after redirects
    fetched_at text not null,       -- UTC
    tie integer not null,           -- counts pages of one name and time, in the order of loading
    stated_since text,              -- when the site says that this content was last changed, UTC
    status integer not null,        -- HTTP status; 304 where nothing had changed
    sha256 text not null,           -- of the bytes as served; the archive has them under this name
    content_sha256 text not null,   -- of the bytes without the tags that differ in every response
    etag text,                      -- as served, asked again with If-None-Match
    last_modified text,             -- as served, asked again with If-Modified-Since
    bytes integer not null,         -- length as served; 0 where nothing had changed
    state text not null,            -- accepted, refused (its claims were not loaded) or failed (no page at all)
    run integer not null references runs (run) -- the run that read it first
) strict;
CREATE TABLE sections (
    source text not null references sources (source), -- the source
    page_url text not null,         -- the page
    content_sha256 text not null,   -- the content of the accepted page that was counted
    section text not null,          -- as its heading names it
    row_count integer not null,     -- rows that state something
    release_count integer not null, -- releases they state; planned months state none
    primary key (source, page_url, content_sha256, section)
) strict, without rowid;
CREATE TABLE subjects (
    subject text primary key,       -- such as release/ws2025/5087423/26100.32772, calendar/ws2025/2026-06, kb/5089602
    kind text not null              -- its first part
) strict, without rowid;
CREATE TABLE claims (
    claim integer primary key,      -- from all that identifies it
    source text not null references sources (source), -- who states it
    page_url text not null,         -- on which page
    section text not null,          -- in which part of the page
    subject text not null references subjects (subject), -- of what
    field text not null,            -- what is stated of it; "field#2" where one section states two values
    value text,                     -- as we read it; empty where the page says that there is no value
    value_text text not null,       -- as published
    source_url text,                -- the address that the page itself names as its source, where that is another
    stated_since text,              -- when the site says that the content of the first page with it was changed, UTC
    first_seen_at text not null,    -- UTC, fetch time of the first page with it
    last_seen_at text not null,     -- UTC, fetch time of the last page with it
    gone_at text,                   -- UTC, fetch time of the first page without it; empty while it stands
    page integer not null references pages (page) -- the first page with it
) strict;
CREATE TABLE products (
    product text primary key,       -- id, such as ws2025 or win11-25h2
    name text not null,             -- as people call it
    family text not null,           -- server or client
    build_number integer,           -- such as 26100; shared by Windows Server 2025 and Windows 11 24H2
    release_date text,              -- ISO date
    mainstream_end_date text,       -- ISO date of the last updates; of clients: Home and Pro
    extended_end_date text,         -- ISO date of the last updates; of clients: Enterprise and Education
    hotpatch_from_date text,        -- ISO date of the first hotpatch
    hotpatch_end_date text,         -- ISO date, or a month where only a month is stated, of the last hotpatch
    subject text not null unique references subjects (subject) -- its name in claims
) strict;
CREATE TABLE kbs (
    kb integer primary key,         -- the number without "KB"
    title text,                     -- of its article
    article_url text,               -- where the article is now
    release_date text,              -- ISO date of its first release
    installs_kb integer references kbs (kb), -- an article with a number of its own: the KB that is installed
    subject text not null unique references subjects (subject) -- its name in claims
) strict;
CREATE TABLE articles (
    url text primary key,           -- address
    kb integer references kbs (kb), -- the KB it is about; of a baseline, whose title names none, the article's own
    product text references products (product), -- where only one product's pages link to it
    title text,                     -- as the navigation writes it
    release_date text,              -- ISO date in the title
    guid text                       -- at the end of an old address
) strict;
CREATE TABLE releases (
    release integer primary key,    -- from its subject
    product text not null references products (product), -- the servicing line
    kb integer references kbs (kb), -- what is installed; empty for a version's first build and for two baselines of 2021
    build text,                     -- OS build, such as 26100.32772
    build_number integer,           -- its first part
    revision integer,               -- its second part, the UBR
    release_date text,              -- ISO date (UTC)
    month text,                     -- of the update type, which is not always that of the date
    cadence text,                   -- published letter: B second week, C and D previews, A and E rare, OOB out-of-band
    classification text not null,   -- baseline, hotpatch, component, cumulative, preview or initial
    in_hotpatch_line integer not null, -- 1 if it belongs to the hotpatch line
    in_standard_line integer not null, -- 1 if it belongs to the standard line
    restart_required integer,       -- 1 or 0; empty for components unless an article says
    is_unplanned integer not null,  -- 1 for a baseline in a month planned as a hotpatch
    is_public_preview integer not null, -- 1 if only a public preview lists it
    is_expired integer not null,    -- 1 if withdrawn
    baseline_release integer references releases (release), -- the baseline that a hotpatch needs; of a baseline: itself
    baseline_kb integer references kbs (kb), -- its KB
    baseline_build text,            -- its build
    derived_from text,              -- what was not stated but concluded, and from what
    gone_since text,                -- UTC: since when no page lists it any more
    article_url text,               -- its article
    subject text not null unique references subjects (subject) -- its name in claims
) strict;
CREATE TABLE hotpatch_calendar (
    product text not null references products (product), -- the servicing line
    month text not null,            -- such as 2026-06
    planned_type text,              -- baseline or hotpatch, first as stated before the release
    planned_by text,                -- calendar, footnote or cadence
    type text,                      -- baseline or hotpatch as released; empty until then
    expected_type text not null,    -- what to expect now: the type, else the plan as it stands, else the cadence
    is_unplanned integer not null,  -- 1 for a baseline in a month planned as a hotpatch
    release_date text,              -- ISO date, empty until released
    expected_date text not null,    -- ISO date of the second Tuesday
    kb integer references kbs (kb), -- what was released
    build text,                     -- what was released
    changed_on text,                -- ISO date on which a source was first seen to state another type than before
    changed_after text,             -- ISO date on which the former type was last seen
    subject text not null unique references subjects (subject), -- its name in claims
    primary key (product, month)
) strict, without rowid;
CREATE TABLE prices (
    price integer primary key,      -- from its subject and source
    service text not null,          -- Hotpatch, Azure Update Manager
    product text references products (product), -- the servicing line of Windows, empty where it does not matter
    meter text not null,            -- what is metered
    unit text not null,             -- such as core/month
    currency text not null,         -- as the source states it; never converted
    region text,                    -- empty: everywhere
    amount real not null,           -- in the currency, per unit
    valid_from text,                -- ISO date of the first day with it; empty: not known
    valid_to text,                  -- ISO date of the first day without it; empty: none stated
    condition text not null,        -- who qualifies: empty, defender_p2, software_assurance, esu or azure_local
    note text,                      -- what else the source says of it, in our words
    source_url text not null,       -- who states it
    trust text not null,            -- what kind of source that is
    subject text not null references subjects (subject) -- its name in claims
) strict;
CREATE TABLE eligibility (
    eligibility integer primary key, -- from its subject and source
    kind text not null,             -- image, edition, prerequisite, licence, channel or rule
    product text references products (product), -- the servicing line of Windows, empty for all of them
    publisher text,                 -- of an image; ARM returns it in any case
    offer text,                     -- of an image
    sku text,                       -- of an image
    edition text,                   -- such as Standard or Datacenter: Azure Edition
    platform text,                  -- azure, azure_local, arc or intune; empty: wherever
    is_eligible integer,            -- 1 or 0; empty where the row is a text
    requirement text,               -- what is required or to be known, in our words
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
    claim integer not null references claims (claim), -- a claim that states what we believe
    primary key (subject, claim)
) strict, without rowid;
CREATE TABLE corrections (
    correction integer primary key, -- from what identifies it
    source text not null,           -- whose claim is corrected
    subject text not null,          -- of what; section/<title> accepts that a section is gone
    field text not null,            -- which field
    value text not null,            -- the claim's value
    new_value text not null,        -- what is believed instead; empty: nothing
    why text not null,              -- the reason
    url text not null,              -- evidence
    decided_on text not null        -- ISO date
) strict;
CREATE TABLE conflicts (
    subject text not null references subjects (subject), -- the fact
    field text not null,            -- what is disputed
    claim_won integer not null references claims (claim), -- the claim that is believed
    claim_lost integer not null references claims (claim), -- the claim that is not
    value_won text,                 -- what is believed
    value_lost text,                -- what is not
    rule text not null,             -- precedence, later_page, address, sanity, slug, published_beats_plan or correction
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
    required integer not null,      -- 1 if the page is refused where it does not hold
    note text not null,             -- what was expected and what came
    primary key (run, source, page_url, section, name)
) strict, without rowid;
CREATE TABLE changes (
    run integer not null references runs (run), -- the run that read the page
    changed_at text not null,       -- UTC, fetch time of that page
    subject text not null references subjects (subject), -- the fact
    field text not null,            -- which field; "release" or "month" where the fact is new
    old_value text,                 -- before
    new_value text,                 -- after
    primary key (changed_at, subject, field)
) strict, without rowid;
INSERT INTO "_sqlite_migrations" VALUES(1,'hotpatch_kb','m001_first_version','2026-11-26 15:01:56.117224+00:00');
INSERT INTO "articles" VALUES('https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/april-14-2026-baseline',NULL,'ws2025','April 14, 2026—Baseline','2026-04-14',NULL);
INSERT INTO "articles" VALUES('https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/june-9-2026-baseline',NULL,'ws2025','June 9, 2026—Baseline','2026-06-09',NULL);
INSERT INTO "articles" VALUES('https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772',5087423,'ws2025','May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)','2026-05-12',NULL);
INSERT INTO "checks" VALUES(1,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','','dates',1,1,'expected releases dated from 2015-07-01 to 2026-07-24, got none');
INSERT INTO "checks" VALUES(1,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','','rows',1,1,'expected at least 3 rows, got 3');
INSERT INTO "claims" VALUES(23817897696041,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/5087423/26100.32772','build','26100.32772','26100.32772',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(241580743035267,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/2026-06-09/baseline','classification','baseline','June 9, 2026—Baseline',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(666531696003015,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/2026-06-09/baseline','title','June 9, 2026—Baseline','June 9, 2026—Baseline',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(1210788436286853,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/5087423/26100.32772','article_url','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','../../windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(1314287832940927,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/5087423/26100.32772','classification','hotpatch','May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(1519733149059442,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/2026-06-09/baseline','article_url','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/june-9-2026-baseline','../../windows-server-2025/2026/june-9-2026-baseline',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(1720484963383467,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/2026-04-14/baseline','classification','baseline','April 14, 2026—Baseline',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(2026050359438318,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/5087423/26100.32772','title','May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)','May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(2740623573234497,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/2026-06-09/baseline','line','hotpatch','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(2796990267518132,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/5087423/26100.32772','release_date','2026-05-12','May 12, 2026',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(3009492137127891,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/2026-04-14/baseline','line','hotpatch','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(3083236864291367,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/2026-04-14/baseline','article_url','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/april-14-2026-baseline','../../windows-server-2025/2026/april-14-2026-baseline',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(3207929513366640,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/5087423/26100.32772','kb','5087423','KB5087423',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(3274014061499353,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/2026-04-14/baseline','title','April 14, 2026—Baseline','April 14, 2026—Baseline',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(3299673699874955,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/2026-06-09/baseline','release_date','2026-06-09','June 9, 2026',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(3446899692391333,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/5087423/26100.32772','line','hotpatch','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "claims" VALUES(4058109589851761,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition','release/ws2025/2026-04-14/baseline','release_date','2026-04-14','April 14, 2026',NULL,NULL,'2026-07-23T12:00:00Z','2026-07-23T12:00:00Z',NULL,1634207209249891);
INSERT INTO "fact_claims" VALUES('release/ws2025/5087423/26100.32772',23817897696041);
INSERT INTO "fact_claims" VALUES('calendar/ws2025/2026-06',241580743035267);
INSERT INTO "fact_claims" VALUES('release/ws2025/2026-06-09/baseline',241580743035267);
INSERT INTO "fact_claims" VALUES('release/ws2025/2026-06-09/baseline',666531696003015);
INSERT INTO "fact_claims" VALUES('release/ws2025/5087423/26100.32772',1210788436286853);
INSERT INTO "fact_claims" VALUES('calendar/ws2025/2026-05',1314287832940927);
INSERT INTO "fact_claims" VALUES('release/ws2025/5087423/26100.32772',1314287832940927);
INSERT INTO "fact_claims" VALUES('release/ws2025/2026-06-09/baseline',1519733149059442);
INSERT INTO "fact_claims" VALUES('calendar/ws2025/2026-04',1720484963383467);
INSERT INTO "fact_claims" VALUES('release/ws2025/2026-04-14/baseline',1720484963383467);
INSERT INTO "fact_claims" VALUES('kb/5087423',2026050359438318);
INSERT INTO "fact_claims" VALUES('release/ws2025/5087423/26100.32772',2026050359438318);
INSERT INTO "fact_claims" VALUES('release/ws2025/2026-06-09/baseline',2740623573234497);
INSERT INTO "fact_claims" VALUES('calendar/ws2025/2026-05',2796990267518132);
INSERT INTO "fact_claims" VALUES('release/ws2025/5087423/26100.32772',2796990267518132);
INSERT INTO "fact_claims" VALUES('release/ws2025/2026-04-14/baseline',3009492137127891);
INSERT INTO "fact_claims" VALUES('release/ws2025/2026-04-14/baseline',3083236864291367);
INSERT INTO "fact_claims" VALUES('kb/5087423',3207929513366640);
INSERT INTO "fact_claims" VALUES('release/ws2025/5087423/26100.32772',3207929513366640);
INSERT INTO "fact_claims" VALUES('release/ws2025/2026-04-14/baseline',3274014061499353);
INSERT INTO "fact_claims" VALUES('calendar/ws2025/2026-06',3299673699874955);
INSERT INTO "fact_claims" VALUES('release/ws2025/2026-06-09/baseline',3299673699874955);
INSERT INTO "fact_claims" VALUES('release/ws2025/5087423/26100.32772',3446899692391333);
INSERT INTO "fact_claims" VALUES('calendar/ws2025/2026-04',4058109589851761);
INSERT INTO "fact_claims" VALUES('release/ws2025/2026-04-14/baseline',4058109589851761);
INSERT INTO "hotpatch_calendar" VALUES('ws2025','2026-04','baseline','cadence','baseline','baseline',0,'2026-04-14','2026-04-14',NULL,NULL,NULL,NULL,'calendar/ws2025/2026-04');
INSERT INTO "hotpatch_calendar" VALUES('ws2025','2026-05','hotpatch','cadence','hotpatch','hotpatch',0,'2026-05-12','2026-05-12',5087423,'26100.32772',NULL,NULL,'calendar/ws2025/2026-05');
INSERT INTO "hotpatch_calendar" VALUES('ws2025','2026-06','hotpatch','cadence','baseline','baseline',1,'2026-06-09','2026-06-09',NULL,NULL,NULL,NULL,'calendar/ws2025/2026-06');
INSERT INTO "kbs" VALUES(5087423,'May 12, 2026—Hotpatch KB5087423 (OS Build 26100.32772)','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','2026-05-12',NULL,'kb/5087423');
INSERT INTO "lines" VALUES('ws2025','hotpatch','2026-07-23');
INSERT INTO "pages" VALUES(1634207209249891,'support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','2026-07-23T12:00:00Z',0,NULL,200,'a3a798b52b642e9f8e2c7806fc807eaeb57041418dd34b71f08c2cc93507850c','626209ff496aaa93ab1e3fe71920c7d38cfadbb901e00d53ea8121021b715b97',NULL,NULL,3980,'accepted',1);
INSERT INTO "products" VALUES('ws2025','Windows Server 2025','server',26100,NULL,NULL,NULL,NULL,NULL,'product/ws2025');
INSERT INTO "releases" VALUES(61286113763705,'ws2025',5087423,'26100.32772',26100,32772,'2026-05-12','2026-05','B','hotpatch',1,0,0,0,0,0,4320769849790846,NULL,NULL,NULL,NULL,'https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/may-12-2026-hotpatch-kb5087423-os-build-26100-32772','release/ws2025/5087423/26100.32772');
INSERT INTO "releases" VALUES(1498531620980456,'ws2025',NULL,NULL,NULL,NULL,'2026-06-09','2026-06','B','baseline',1,0,1,1,0,0,1498531620980456,NULL,NULL,NULL,NULL,'https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/june-9-2026-baseline','release/ws2025/2026-06-09/baseline');
INSERT INTO "releases" VALUES(4320769849790846,'ws2025',NULL,NULL,NULL,NULL,'2026-04-14','2026-04','B','baseline',1,0,1,0,0,0,4320769849790846,NULL,NULL,NULL,NULL,'https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-server-2025/2026/april-14-2026-baseline','release/ws2025/2026-04-14/baseline');
INSERT INTO "runs" VALUES(1,'2026-11-26T15:01:56Z','2026-11-26T15:01:56Z','crawl','done',1,1,17,0,0);
INSERT INTO "sections" VALUES('support_navigation','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','626209ff496aaa93ab1e3fe71920c7d38cfadbb901e00d53ea8121021b715b97','Release notes for hotpatch on Windows Server 2025 Datacenter Azure Edition',3,3);
INSERT INTO "sources" VALUES('facts_baseline_articles','Articles about baselines','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','https://www.apache.org/licenses/LICENSE-2.0',300,'never','never_read',NULL);
INSERT INTO "sources" VALUES('facts_eligibility','Eligibility for hotpatching, from documents','https://learn.microsoft.com/en-us/windows-server/get-started/hotpatch','https://www.apache.org/licenses/LICENSE-2.0',300,'never','never_read',NULL);
INSERT INTO "sources" VALUES('facts_lifecycle','Lifecycle and hotpatching dates','https://learn.microsoft.com/en-us/lifecycle/','https://www.apache.org/licenses/LICENSE-2.0',300,'never','never_read',NULL);
INSERT INTO "sources" VALUES('facts_prices','Prices from announcements and documents','https://learn.microsoft.com/en-us/azure/update-manager/update-manager-faq','https://www.apache.org/licenses/LICENSE-2.0',300,'never','never_read',NULL);
INSERT INTO "sources" VALUES('learn_release_info','Microsoft Learn: release information','https://learn.microsoft.com/en-us/windows/release-health/','https://learn.microsoft.com/en-us/legal/termsofuse',100,'6h','never_read',NULL);
INSERT INTO "sources" VALUES('support_navigation','Microsoft Support: navigation of update histories and hotpatch release notes','https://support.microsoft.com/en-us/servicing/os/hotpatch/windows-11/2025/release-notes-for-hotpatch-on-windows-11-enterprise-version-25h2','https://www.microsoft.com/en-us/legal/terms-of-use',200,'6h','ok',NULL);
INSERT INTO "sources" VALUES('support_toc','Microsoft Support: tables of contents of update histories','https://support.microsoft.com/en-us/servicing/os/windows-11/toc.json','https://www.microsoft.com/en-us/legal/terms-of-use',200,'6h','never_read','support_navigation');
INSERT INTO "subjects" VALUES('calendar/ws2025/2026-04','calendar');
INSERT INTO "subjects" VALUES('calendar/ws2025/2026-05','calendar');
INSERT INTO "subjects" VALUES('calendar/ws2025/2026-06','calendar');
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
CREATE INDEX kbs_by_installs_kb on kbs (installs_kb);
CREATE INDEX articles_by_kb on articles (kb);
CREATE UNIQUE INDEX releases_by_identity on releases (product, coalesce(kb, 0), coalesce(build, ''), coalesce(release_date, ''));
CREATE INDEX releases_by_build on releases (build);
CREATE INDEX releases_by_build_number on releases (build_number, revision);
CREATE INDEX releases_by_kb on releases (kb);
CREATE INDEX releases_by_line on releases (product, release_date);
CREATE INDEX releases_by_month on releases (month);
CREATE INDEX prices_by_meter on prices (service, product, meter, valid_from);
CREATE INDEX eligibility_by_kind on eligibility (kind, product);
CREATE INDEX fact_claims_by_claim on fact_claims (claim);
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
insert into kbs_fts (kbs_fts) values ('rebuild');
