"""x"""
MTEB_WAYS = {}
