;; A filter that exports no callback at all is skipped.
