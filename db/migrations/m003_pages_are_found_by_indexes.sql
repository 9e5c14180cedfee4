-- A crawl asks for the last answer of each page; without an index that reads every answer of years.
create index pages_by_url on pages (url, fetched_at, tie);
create index pages_by_final_url on pages (final_url, fetched_at) where final_url != url;
create index pages_by_name on pages (source, page_url, fetched_at, tie, state);
create index pages_by_state on pages (source, state, fetched_at);
