-- kbs and articles get further columns. Made again, since ALTER TABLE would put them last and drop their comments.
create table new_kbs (
    kb integer primary key,         -- the number without "KB"
    title text,                     -- title of its article
    article_url text,               -- current address of its article
    release_date text,              -- ISO date of its first release
    installs_kb integer references kbs (kb), -- for an article with a number of its own: the KB that is installed
    published_at text,              -- UTC, when its first article was published, according to a feed
    updated_at text,                -- UTC, when an article of it was last edited, according to a feed
    subject text not null unique references subjects (subject) -- its name in claims
) strict;
insert into new_kbs (kb, title, article_url, release_date, installs_kb, subject) select kb, title, article_url, release_date, installs_kb, subject from kbs;
drop table kbs;
alter table new_kbs rename to kbs;
create index kbs_by_installs_kb on kbs (installs_kb);

create table new_articles (
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
insert into new_articles (url, kb, product, title, release_date, guid) select url, kb, product, title, release_date, guid from articles;
drop table articles;
alter table new_articles rename to articles;
create index articles_by_kb on articles (kb);

create index prices_by_subject on prices (subject);
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
