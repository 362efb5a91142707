"""Training wholly on an accelerator: crops are cut, changed, heard by the teacher and damaged where they are learnt.

On a processor a crop costs tens of milliseconds before the student sees it, most of them the teacher's, so a few
crops have to serve for many steps and are learnt by heart. Here thousands are made in a second, and each may be met
once or twice.
"""
