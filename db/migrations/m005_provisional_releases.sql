-- Releases that no list has and that another source names are marked. Made again, since ALTER TABLE would put the column last and drop its comment.
create table new_releases (
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
insert into new_releases (release, product, kb, build, build_number, revision, release_date, month, cadence, classification, in_hotpatch_line, in_standard_line, restart_required,
    is_unplanned, is_public_preview, is_expired, baseline_release, baseline_kb, baseline_build, derived_from, gone_since, article_url, subject, is_provisional) select release, product, kb, build, build_number, revision, release_date, month, cadence, classification, in_hotpatch_line, in_standard_line, restart_required,
    is_unplanned, is_public_preview, is_expired, baseline_release, baseline_kb, baseline_build, derived_from, gone_since, article_url, subject, 0 from releases;
drop table releases;
alter table new_releases rename to releases;
create unique index releases_by_identity on releases (product, coalesce(kb, 0), coalesce(build, ''), coalesce(release_date, ''));
create index releases_by_build on releases (build);
create index releases_by_build_number on releases (build_number, revision);
create index releases_by_kb on releases (kb);
create index releases_by_line on releases (product, release_date);
create index releases_by_month on releases (month);
