-- The schema as the migrations of db/migrations leave it; a test compares the two. Every table is STRICT.
-- The comment above a table and the one after a column are their descriptions on the site.
-- Ids of runs count up. Ids of pages, claims and releases are the first 52 bits of the SHA-256 of what identifies the row,
-- so a replay gives every row the same id, in whatever order pages were read.

-- Where facts come from: one row per source module.
create table sources (
    source text primary key,        -- id: the name of its module in scraper/sources
    title text not null,            -- what the source is
    home_url text not null,         -- an address that a person can open
    licence text not null,          -- the terms under which it is published
    precedence integer not null,    -- rank; the lowest number is believed first
    due_every text not null,        -- how often to read it, such as 6h
    state text not null,            -- result of the last run that tried it: never_read, ok, refused, unreachable, or off (it needs a credential that is not set)
    stands_in_for text              -- the source that this one replaces whenever it can be read
) strict;

-- One crawl or replay.
create table runs (
    run integer primary key,        -- counts up
    started_at text not null,       -- UTC
    ended_at text,                  -- UTC, empty while it runs
    kind text not null,             -- crawl, replay or seed
    state text not null,            -- done, or partial (a source failed, its facts were kept)
    pages_read integer not null,    -- pages that were fetched, whatever the outcome
    pages_parsed integer not null,  -- pages whose content was new
    claims_added integer not null,  -- claims that began in this run
    claims_ended integer not null,  -- claims that ended in this run
    facts_changed integer not null  -- rows added to changes
) strict;

-- Every response of a server that was read, whatever the outcome.
create table pages (
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
    state text not null,            -- accepted, refused (its claims were not loaded) or failed (404 or 410, or a page that only stands in for another and cannot be read)
    run integer not null references runs (run) -- the run that read it first
) strict;
create index pages_by_url on pages (url, fetched_at, tie);
create index pages_by_final_url on pages (final_url, fetched_at) where final_url != url;
create index pages_by_name on pages (source, page_url, fetched_at, tie, state);
create index pages_by_state on pages (source, state, fetched_at);

-- Row counts of each part of a page: navigation categories, product tables, calendar years. The checks compare new pages with them.
create table sections (
    source text not null references sources (source), -- the source
    page_url text not null,         -- the page
    content_sha256 text not null,   -- the content of the accepted page that was counted
    section text not null,          -- name of the part, from its heading
    row_count integer not null,     -- rows that state something
    release_count integer not null, -- releases that they state; planned months state none
    primary key (source, page_url, content_sha256, section)
) strict, without rowid;

-- Names of facts: what releases, calendar months, products, KBs and prices are called in claims, conflicts and changes.
create table subjects (
    subject text primary key,       -- such as release/ws2025/5087423/26100.32772, calendar/ws2025/2026-06, kb/5089602
    kind text not null              -- first part of the name
) strict, without rowid;

-- What one part of one page states, from when to when. Never overwritten: a value that changes, disappears or returns is a new row.
create table claims (
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
create unique index standing_claim on claims (source, page_url, section, subject, field) where gone_at is null;
create index claims_by_subject on claims (subject, field);
create index claims_by_page on claims (page);

-- A servicing line of Windows.
create table products (
    product text primary key,       -- id, such as ws2025 or win11-25h2
    name text not null,             -- common name
    family text not null,           -- server or client
    build_number integer,           -- such as 26100; shared by Windows Server 2025 and Windows 11 24H2
    release_date text,              -- ISO date
    mainstream_end_date text,       -- ISO date of the last updates; for clients: Home and Pro
    extended_end_date text,         -- ISO date of the last public updates; for clients: Enterprise, or LTSC where monthly releases go on for it
    hotpatch_from_date text,        -- ISO date of the first hotpatch
    hotpatch_end_date text,         -- ISO date of the last hotpatch, or a month where only a month is stated
    subject text not null unique references subjects (subject) -- its name in claims
) strict;

-- A KB number: an update that is installed, or an article about one.
create table kbs (
    kb integer primary key,         -- the number without "KB"
    title text,                     -- title of its article
    article_url text,               -- current address of its article
    release_date text,              -- ISO date of its first release
    installs_kb integer references kbs (kb), -- for an article with a number of its own: the KB that is installed
    published_at text,              -- UTC, when its first article was published, according to a feed
    updated_at text,                -- UTC, when an article of it was last edited, according to a feed
    subject text not null unique references subjects (subject) -- its name in claims
) strict;
create index kbs_by_installs_kb on kbs (installs_kb);

-- An article's page. One article may have two addresses: /topic/ or /help/ until July 2026, /servicing/ since.
create table articles (
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
create index articles_by_kb on articles (kb);

-- A product's update: a KB and a build on a day.
create table releases (
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
create unique index releases_by_identity on releases (product, coalesce(kb, 0), coalesce(build, ''), coalesce(release_date, ''));
create index releases_by_build on releases (build);
create index releases_by_build_number on releases (build_number, revision);
create index releases_by_kb on releases (kb);
create index releases_by_line on releases (product, release_date);
create index releases_by_month on releases (month);

-- A product's month: planned and actual type of the hotpatch line's B release.
create table hotpatch_calendar (
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

-- A price as one source states it. Sources that disagree have a row each; the view price_intervals shows where.
create table prices (
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
create index prices_by_meter on prices (service, product, meter, valid_from);
create index prices_by_subject on prices (subject);

-- Who may have hotpatching: images, editions, prerequisites, licences, channels and rules, as a document states them.
create table eligibility (
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
create index eligibility_by_kind on eligibility (kind, product);
create index eligibility_by_subject on eligibility (subject);

-- A known issue of an update, as its articles state it.
create table known_issues (
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
create index known_issues_by_kb on known_issues (kb, product);
create index known_issues_by_subject on known_issues (subject);

-- A CVE that a KB fixes on a product, according to MSRC's document of a month.
create table kb_cves (
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
create index kb_cves_by_cve on kb_cves (cve);
create index kb_cves_by_month on kb_cves (product, source_month);

-- A month of MSRC's security data. A month that is missing or not complete is unknown: it does not mean "no CVEs".
create table security_months (
    month text primary key,         -- such as 2025-12
    released_on text,               -- ISO date of its first version
    revised_on text,                -- ISO date of its last revision, as MSRC states it
    is_complete integer,            -- 1 if it was read and fixes Windows; 0 if it was an early, nearly empty version; empty until it was read
    subject text not null unique references subjects (subject) -- its name in claims
) strict, without rowid;

-- Ways to get an update, as its articles state them.
create table kb_channels (
    kb_channel integer primary key, -- hash of its subject, product and channel
    kb integer not null references kbs (kb), -- the update
    product text references products (product), -- the servicing line whose article states it; empty where no page says
    channel text not null,          -- windows_update, business, catalog or wsus
    is_available integer,           -- 1 or 0; empty where the page shows it only as a picture
    note text,                      -- as published: what to do next
    subject text not null references subjects (subject) -- its name in claims
) strict;
create index kb_channels_by_kb on kb_channels (kb, product);

-- Changes that articles list about themselves.
create table article_changes (
    article_change integer primary key, -- hash of article, day and text
    url text not null,              -- the article
    kb integer not null references kbs (kb), -- its KB
    changed_on text not null,       -- ISO date, as the article states it
    description text not null,      -- as published
    subject text not null references subjects (subject) -- its name in claims
) strict;
create index article_changes_by_kb on article_changes (kb);

-- When support of a product ends, for a group of editions: the date that is believed. What lost is in conflicts.
create table lifecycles (
    product text not null references products (product), -- the servicing line
    edition_group text not null,    -- server, server_azure_edition, annual_channel, home_pro, enterprise_education, iot_enterprise, iot_core, ltsc or iot_ltsc
    kind text not null,             -- mainstream, extended, end_of_servicing, esu_year_1 to esu_year_3, or hotpatch_end
    end_date text not null,         -- ISO date of the last day; a month where only a month is stated
    source_url text not null,       -- who states it: an address, or the file of a public repository
    trust text not null,            -- what kind of source that is
    subject text not null references subjects (subject), -- its name in claims
    primary key (product, edition_group, kind)
) strict, without rowid;

-- Releases that others report and that no page of Microsoft's read here lists. They never make a machine current, and never outrank a page.
create table reported (
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
create index reported_by_product on reported (product, release_date);
create index reported_by_kb on reported (kb);
create index reported_by_build on reported (build);

-- The hotpatch line and the standard line of each product, and the day up to which each has data. The view data_until shows it.
create table lines (
    product text not null references products (product), -- the servicing line of Windows
    line text not null,             -- hotpatch or standard
    data_until text not null,       -- ISO date of the latest accepted page that lists this line
    primary key (product, line)
) strict, without rowid;

-- Which claims a fact is based on.
create table fact_claims (
    subject text not null references subjects (subject), -- the fact
    claim integer not null references claims (claim), -- a claim that states the believed value
    primary key (subject, claim)
) strict, without rowid;
create index fact_claims_by_claim on fact_claims (claim);

-- Decisions by a person that override the rules, with the reason.
create table corrections (
    correction integer primary key, -- hash of what identifies it
    source text not null,           -- the source whose claim is corrected
    subject text not null,          -- the fact; section/<title> accepts that a section is gone, page/<address> that a page is, quarantine/<text> an entry
    field text not null,            -- the field
    value text not null,            -- value of the claim
    new_value text not null,        -- what to believe instead; empty: nothing
    why text not null,              -- the reason
    url text not null,              -- evidence
    decided_on text not null        -- ISO date
) strict;

-- Where sources disagree: which claim won, and by which rule.
create table conflicts (
    subject text not null references subjects (subject), -- the fact
    field text not null,            -- the field in dispute
    claim_won integer not null references claims (claim), -- the claim that is believed
    claim_lost integer not null references claims (claim), -- the claim that is not
    value_won text,                 -- the value that is believed
    value_lost text,                -- the value that is not
    rule text not null,             -- precedence, later_page, address, sanity, slug, link_text, same_revision, own_history, published_beats_plan, trust or correction
    correction integer references corrections (correction), -- the correction that decided
    primary key (subject, field, claim_won, claim_lost)
) strict, without rowid;

-- What each run checked before it loaded a page.
create table checks (
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

-- How facts changed, by the fetch time of the page that changed them. The first reading of a page shows what is there, not what changed.
create table changes (
    run integer not null references runs (run), -- the run that read the page
    changed_at text not null,       -- UTC, fetch time of that page
    subject text not null references subjects (subject), -- the fact
    field text not null,            -- the field; "release" or "month" where the fact is new
    old_value text,                 -- before
    new_value text,                 -- after
    primary key (changed_at, subject, field)
) strict, without rowid;
