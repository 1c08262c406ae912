//! What hostile clients and services try: each is refused or bounded, and the gateway serves on.

mod framing;
mod heads;
mod hop_by_hop;
mod slow;
mod upgrade;
