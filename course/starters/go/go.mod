module my-redis

go 1.19
