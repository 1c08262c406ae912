module porter

go 1.24
