(func $ever (loop $ever (br $ever)))
(start $ever)
