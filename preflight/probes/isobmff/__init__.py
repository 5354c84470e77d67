"""ISO base media files (ISO/IEC 14496-12) and their ancestor, QuickTime: MP4, MOV, HEIF."""
