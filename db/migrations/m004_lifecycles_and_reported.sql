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
